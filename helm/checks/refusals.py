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
    (["--set-json", 'networkPolicy.ops.from=[{"ipBlock": {"except": []}}]'], "missing property 'cidr'"),
    (["--set-json", 'networkPolicy.ops.from=[{"podSelector": {"app": "x"}}]'], "additional properties 'app' not allowed"),
    (["--set", "log.level=verbose"], "at '/log/level': 'verbose' does not match pattern"),
    (["--set", "log.level="], "at '/log/level': '' does not match pattern"),
    (["--set", r"log.level=info\,h2=loud"], "at '/log/level': 'info,h2=loud' does not match pattern"),
    (["--set", "resources.limits.memory=2GB"], "at '/resources/limits/memory': '2GB' does not match pattern"),
    (["--set", "priorityClassName=Very_High"], "at '/priorityClassName': 'Very_High' does not match pattern"),
    (["--set", "persistence.storageClass=Fast SSD"], "at '/persistence/storageClass': 'Fast SSD' does not match pattern"),
    (["--set", "service.type=LoadBalancer,service.loadBalancerClass=a b"], "at '/service/loadBalancerClass': 'a b' does not match"),
    (["--set", "service.type=NodePort,service.nodePort=70000"], "maximum: got 70,000, want 65,535"),
    (["--set", "podLabels.team=a b"], "at '/podLabels/team': 'a b' does not match pattern"),
    (["--set", "nodeSelector.disk=" + "a" * 64], "at '/nodeSelector/disk': maxLength: got 64, want 63"),
    (["--set", "tolerations[0].effect=NoRun"], "at '/tolerations/0/effect': value must be one of"),
    (["--set", "serviceAccount.name=A_B"], "at '/serviceAccount/name': 'A_B' does not match pattern"),
    (["--set-string", "replaceDeadBackup.after=30"], "at '/replaceDeadBackup/after': '30' does not match pattern"),
    # What the chart says itself.
    (["--set", "extraEnv[0].name=UNDERSTUDY_DROP_MS"], "extraEnv: UNDERSTUDY_DROP_MS is set by the chart"),
    (["--set", "extraEnv[0].name=POD_IP"], "extraEnv: POD_IP is set by the chart"),
    (["--set-string", r"podLabels.app\.kubernetes\.io/name=x"], "podLabels: app.kubernetes.io/name is set by the chart"),
    (["--set-string", r"podLabels.a b=x"], "podLabels: \"a b\" cannot be a label's name"),
    (["--set-string", r"nodeSelector.-a=x"], "nodeSelector: \"-a\" cannot be a label's name"),
    (["--set-string", r"service.annotations.understudy\.dev/epoch=9"], "service.annotations: understudy.dev/epoch is the primary's"),
    (["--set-json", 'extraVolumes=[{"name": "data"}]'], 'extraVolumes: "data" is the chart\'s own volume'),
    (["--set-json", 'extraVolumeMounts=[{"name": "x", "mountPath": "/data/x"}]'], "/data/x is in the replica's own volume"),
    (
        ["--set-json", 'networkPolicy.ops.from=[{"ipBlock": {"cidr": "192.0.2.0/24"}, "podSelector": {}}]'],
        "networkPolicy.ops.from[0] has an ipBlock and a selector: make two peers of it",
    ),
    *[
        (
            ["--set", f"networkPolicy.{peers}[0].ipBlock.cidr={block}"],
            f'networkPolicy.{peers}[0].ipBlock.cidr is "{block}": it must be a block of addresses',
        )
        for peers, block in (
            ("clients.from", "10.0.0.0"),
            ("clients.from", "10.0.0.0/33"),
            ("ops.from", "10.0.0.256/8"),
            ("egress.dns", "10.0.0/8"),
            ("egress.apiServer.to", "fd00::/129"),
            ("egress.apiServer.to", "fd00:/8"),
            ("egress.apiServer.to", "db.example.com"),
        )
    ],
    (
        ["--set-json", 'networkPolicy.ops.from=[{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1/16"]}}]'],
        'networkPolicy.ops.from[0].ipBlock.except[0] is "10.1/16"',
    ),
    (["--set", "resources.limits.memory=256Mi"], "resources.limits.memory is 256Mi and below resources.requests.memory, which is 512Mi"),
    (["--set", "resources.limits.cpu=0.2"], "resources.limits.cpu is 0.2 and below resources.requests.cpu, which is 250m"),
    (["--set", "resources.limits.memory=5e8"], "below resources.requests.memory, which is 512Mi"),
    (["--set", "resources.requests.memory=100Mi,resources.limits.memory=255Mi"], "resources.limits.memory is 255Mi: a replica needs 256Mi at least"),
    (["--set", "limits.memoryLimit=268435455"], "limits.memoryLimit is 268435455: a replica needs 268435456 bytes (256Mi) at least"),
    (["--set", "limits.memoryLimit=2147483649"], "limits.memoryLimit is 2147483649 and above resources.limits.memory, which is 2Gi"),
    (["--set", "limits.memoryLimit=-1"], "at '/limits/memoryLimit': minimum: got -1, want 0"),
    (["--set", "service.loadBalancerClass=example.com/lb"], "service.loadBalancerClass is for service.type LoadBalancer"),
    (["--set", "service.loadBalancerSourceRanges[0]=10.0.0.0/8"], "service.loadBalancerSourceRanges is for service.type LoadBalancer"),
    (["--set", "service.type=LoadBalancer,service.loadBalancerSourceRanges[0]=x"], 'service.loadBalancerSourceRanges[0] is "x"'),
    (["--set", "service.nodePort=30000"], "service.nodePort is for service.type NodePort or LoadBalancer"),
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
    *[["--set", f"log.level={level}"] for level in ("trace", "off", r"warn\,h2=off", "understudy_replica::driver=debug")],
    *[
        ["--set", f"networkPolicy.clients.from[0].ipBlock.cidr={block}"]
        for block in ("0.0.0.0/0", "255.255.255.255/32", "::/0", "::1/128", "fd00::/8", "2001:db8:0:1:2:3:4:5/64", "2001:db8::5/128")
    ],
    ["--set", "resources.limits.memory=512Mi,resources.limits.cpu=1"],
    ["--set", "resources.limits.memory=536870912"],
    ["--set", "resources.requests.memory=256Mi,resources.limits.memory=256Mi,limits.memoryLimit=268435456"],
    ["--set-json", 'resources={"limits": null}', "--set", "limits.memoryLimit=734003200"],
    # What `--reuse-values` makes of a release from before there was this.
    ["--set", "limits.memoryLimit=null"],
    ["--set", "resources.requests.memory=1e9,resources.limits.memory=1Gi"],
    ["--set-json", 'resources={"limits": {"memory": "1Gi", "cpu": 1.5}, "requests": null}'],
    ["--set", "service.type=NodePort,service.nodePort=30440"],
    ["--set", "service.type=LoadBalancer,service.loadBalancerClass=example.com/lb,service.loadBalancerSourceRanges[0]=203.0.113.0/24"],
    # What `--reuse-values` makes of a release from before there were these.
    ["--set", "service.nodePort=null,service.loadBalancerClass=null,service.loadBalancerSourceRanges=null"],
]


def run(helm, tally: Tally):
    for arguments, message in REFUSED:
        result = template(helm, *arguments)
        good = result.returncode != 0 and message in result.stderr
        tally.check(f"refused: {' '.join(arguments)}", good, f"wanted: {message}\ngot: {result.stderr or 'no error'}")
    for arguments in TAKEN:
        result = template(helm, *arguments)
        tally.check(f"taken: {' '.join(arguments)}", result.returncode == 0, result.stderr)
