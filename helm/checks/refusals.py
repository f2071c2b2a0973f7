"""Values that must be refused, each with the message that says why."""

from .tools import Tally, template

DIGEST = "sha256:" + "0" * 64

# (arguments, a part of the message)
REFUSED = [
    # No such value, at any depth.
    (["--set", "nonsense=1"], "additional properties 'nonsense' not allowed"),
    (["--set", "timing.evictMs=3"], "additional properties 'evictMs' not allowed"),
    (["--set", "networkPolicy.egress.apiServer.cidr=x"], "additional properties 'cidr' not allowed"),
    # Out of range.
    (["--set", "replicas=1"], "minimum: got 1, want 2"),
    (["--set", "replicas=10"], "maximum: got 10, want 9"),
    (["--set", "minCopies=3"], "maximum: got 3, want 2"),
    (["--set", "syncBackups=0"], "minimum: got 0, want 1"),
    (["--set", "maxTailBytes=16777217"], "at '/maxTailBytes': maximum: got"),
    (["--set", "maxTailMs=0"], "minimum: got 0, want 1"),
    (["--set", "timing.firstChanceMs=3600001"], "at '/timing/firstChanceMs': maximum: got"),
    (["--set", "timing.retryMs=0"], "minimum: got 0, want 1"),
    (["--set", "limits.segmentBytes=65535"], "minimum: got 65,535, want 65,536"),
    (["--set", "service.port=70000"], "maximum: got 70,000, want 65,535"),
    (["--set", "probes.startupSeconds=1"], "minimum: got 1, want 10"),
    # Another type or form.
    (["--set-string", "replicas=two"], "at '/replicas': got string, want integer"),
    (["--set", "image.tag=a/b"], "at '/image/tag': 'a/b' does not match pattern"),
    (["--set", "image.digest=sha256:12"], "at '/image/digest': 'sha256:12' does not match pattern"),
    (["--set", f"image.repository=understudy@{DIGEST}"], "at '/image/repository'"),
    (["--set", "fullnameOverride=" + "a" * 51], "maxLength: got 51, want 50"),
    (["--set", "fullnameOverride=Upper"], "does not match pattern"),
    (["--set", "execution=fast"], "at '/execution': value must be one of 'sync', 'async'"),
    (["--set", "acknowledgement=never"], "value must be one of 'durable', 'received'"),
    (["--set", "backups=cold"], "value must be one of 'hot', 'deferred'"),
    (["--set", "log.format=xml"], "value must be one of 'text', 'json'"),
    (["--set", "listenHost=::"], "at '/listenHost': '::' does not match pattern"),
    (["--set-string", "persistence.size=10"], "at '/persistence/size': '10' does not match pattern"),
    (["--set", "persistence.accessMode=ReadWriteMany"], "value must be one of 'ReadWriteOnce', 'ReadWriteOncePod'"),
    (["--set", "antiAffinity=sometimes"], "value must be one of 'preferred', 'required', 'none'"),
    (["--set", "networkPolicy.clients.from[0].cidr=x"], "additional properties 'cidr' not allowed"),
    (
        ["--set-json", 'networkPolicy.ops.from=[{"ipBlock": {"cidr": "192.0.2.0/24"}, "podSelector": {}}]'],
        "at '/networkPolicy/ops/from/0': 'not' failed",
    ),
    (["--set-string", "replaceDeadBackup.after=30"], "at '/replaceDeadBackup/after': '30' does not match pattern"),
    # What the chart says itself.
    (["--set", "extraEnv[0].name=UNDERSTUDY_DROP_MS"], "at '/extraEnv/0/name': 'not' failed"),
    (["--set", "extraEnv[0].name=POD_IP"], "at '/extraEnv/0/name': 'not' failed"),
    (["--set-string", r"podLabels.app\.kubernetes\.io/name=x"], "invalid propertyName 'app.kubernetes.io/name'"),
    (["--set-string", r"service.annotations.understudy\.dev/epoch=9"], "invalid propertyName 'understudy.dev/epoch'"),
    (["--set-json", 'extraVolumes=[{"name": "data"}]'], "at '/extraVolumes/0/name': 'not' failed"),
    (["--set-json", 'extraVolumeMounts=[{"name": "x", "mountPath": "/data/x"}]'], "mountPath': 'not' failed"),
    # Between values.
    (["--set", "syncBackups=2"], "syncBackups is 2 and must be below replicas, which is 2"),
    (["--set", "execution=async,minCopies=2"], "execution async answers before a second copy exists"),
    (["--set", "execution=async,acknowledgement=received"], "would lose its whole tail in every crash"),
    (["--set", "timing.dropMs=1500"], "timing.dropMs is 1500 and must be below timing.promoteMs, which is 1500"),
    (["--set", "timing.heartbeatMs=351"], "timing.heartbeatMs is 351 and must be at most half of timing.dropMs"),
    (["--set", "terminationGracePeriodSeconds=9"], "terminationGracePeriodSeconds is 9: a handover may take"),
    (["--set", "replaceDeadBackup.after=4999ms"], 'replaceDeadBackup.after is "4999ms": it must be 5s to 1h'),
    (["--set", "replaceDeadBackup.after=61m"], 'replaceDeadBackup.after is "61m": it must be 5s to 1h'),
]

# At the edge, and still good.
TAKEN = [
    ["--set", "replicas=3", "--set", "syncBackups=2"],
    ["--set", "minCopies=2"],
    ["--set", "minCopies=2,acknowledgement=received,backups=deferred"],
    ["--set", "execution=async,maxTailBytes=16777216,maxTailMs=60000,timing.firstChanceMs=0"],
    # What `--reuse-values` makes of a release from before there were modes.
    ["--set", "execution=null,acknowledgement=null,backups=null,maxTailBytes=null,maxTailMs=null,timing.firstChanceMs=null"],
    ["--set", "timing.dropMs=1499"],
    ["--set", "timing.heartbeatMs=350"],
    ["--set", "terminationGracePeriodSeconds=10"],
    ["--set", "replaceDeadBackup.after=5000ms"],
    ["--set", "replaceDeadBackup.after=1h"],
    ["--set", "global.anything=1"],
]


def run(helm, tally: Tally):
    for arguments, message in REFUSED:
        result = template(helm, *arguments)
        good = result.returncode != 0 and message in result.stderr
        tally.check(f"refused: {' '.join(arguments)}", good, f"wanted: {message}\ngot: {result.stderr or 'no error'}")
    for arguments in TAKEN:
        result = template(helm, *arguments)
        tally.check(f"taken: {' '.join(arguments)}", result.returncode == 0, result.stderr)
