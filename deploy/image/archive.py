#!/usr/bin/env python3
"""Writes an image of one layer, FROM scratch, as an archive: no registry, no daemon, no base image.

The archive is an OCI image layout and a docker archive at once: `ctr images import`, `podman load`, `docker load` and
`skopeo copy oci-archive:` read it. The same input gives the same bytes and so the same digest: times are 0, owners are
root, names are sorted, the layer is not compressed.
"""
import argparse, gzip, hashlib, io, json, os, platform, re, shlex, subprocess, sys, tarfile

PASSWD = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n"
TEXTS = {
    "/etc/passwd": PASSWD,
    "/etc/group": "root:x:0:\nnonroot:x:65532:\n",
    "/etc/nsswitch.conf": "hosts: files dns\n",
}
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


def pairs(options, separator):
    return dict(o.split(separator, 1) for o in options)


def libraries(path):
    """The shared libraries of a binary and its loader, each at the path where the loader looks for it."""
    found = subprocess.run(["ldd", path], capture_output=True, text=True)
    if "not found" in found.stdout:
        sys.exit(f"archive.py: {path} lacks a library: {found.stdout.strip()}")
    return re.findall(r"(?:=>\s+)?(/\S+)\s+\(0x", found.stdout)


def layer(files, links):
    """A tar of files {path: source}, links {path: target} and the few texts that every image needs."""
    directories = {"/tmp": 0o1777}
    for path in [*files, *links, *TEXTS]:
        while (path := os.path.dirname(path)) != "/":
            directories.setdefault(path, 0o755)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:

        def add(path, kind, mode, data=b"", target=""):
            entry = tarfile.TarInfo(path.strip("/"))
            entry.type, entry.mode, entry.size, entry.linkname = kind, mode, len(data), target
            tar.addfile(entry, io.BytesIO(data))

        for path in sorted(directories):
            add(path, tarfile.DIRTYPE, directories[path])
        for path in sorted(TEXTS.keys() - files.keys()):
            add(path, tarfile.REGTYPE, 0o644, TEXTS[path].encode())
        for path in sorted(files):
            with open(files[path], "rb") as source:
                add(path, tarfile.REGTYPE, 0o755 if os.access(files[path], os.X_OK) else 0o644, source.read())
        for path in sorted(links):
            add(path, tarfile.SYMTYPE, 0o777, target=links[path])
    return out.getvalue()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, help="the archive to write")
    parser.add_argument("--tag", required=True, metavar="NAME:TAG")
    parser.add_argument("--entrypoint", default="", help="split into words as a shell does")
    parser.add_argument("--cmd", default="", help="its default arguments")
    parser.add_argument("--user", default="", metavar="UID:GID")
    parser.add_argument("--port", action="append", default=[], metavar="NUMBER")
    parser.add_argument("--label", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--link", action="append", default=[], metavar="TARGET:PATH", help="a symbolic link at PATH")
    parser.add_argument("--ldd", action="store_true", help="add the shared libraries of the files")
    parser.add_argument("files", nargs="+", metavar="SOURCE:PATH", help="a file and its place in the image")
    args = parser.parse_args()

    files = {path: source for source, path in (f.rsplit(":", 1) for f in args.files)}
    if args.ldd:
        for source in list(files.values()):
            files.update((library, os.path.realpath(library)) for library in libraries(source))
    links = {path: target for target, path in (link.split(":", 1) for link in args.link)}
    data = layer(files, links)

    blobs = {}

    def blob(content, media_type):
        content = content if isinstance(content, bytes) else json.dumps(content, sort_keys=True).encode()
        digest = hashlib.sha256(content).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = content
        return {"mediaType": f"application/vnd.oci.image.{media_type}", "digest": f"sha256:{digest}", "size": len(content)}

    layer_blob = blob(data, "layer.v1.tar")
    config = {
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"], "WorkingDir": "/", "Labels": pairs(args.label, "="),
        "Entrypoint": shlex.split(args.entrypoint), "Cmd": shlex.split(args.cmd), "User": args.user,
        "ExposedPorts": {f"{port}/tcp": {} for port in args.port},
    }
    config_blob = blob({
        "architecture": ARCHITECTURE, "os": "linux", "created": "1970-01-01T00:00:00Z",
        "config": {key: value for key, value in config.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [layer_blob["digest"]]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "deploy/image/archive.py"}],
    }, "config.v1+json")
    manifest = blob({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": config_blob, "layers": [layer_blob],
    }, "manifest.v1+json")
    name = args.tag if "/" in args.tag else f"docker.io/library/{args.tag}"
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        {**manifest, "annotations": {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1]}}]}
    path = lambda b: "blobs/sha256/" + b["digest"].split(":")[1]
    docker = [{"Config": path(config_blob), "RepoTags": [args.tag], "Layers": [path(layer_blob)]}]
    entries = {
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": json.dumps(index, sort_keys=True).encode(),
        "manifest.json": json.dumps(docker).encode(), **blobs,
    }

    unfinished = f"{args.out}.{os.getpid()}"
    with tarfile.open(unfinished, "w", format=tarfile.GNU_FORMAT) as tar:
        for entry_name, content in sorted(entries.items()):
            entry = tarfile.TarInfo(entry_name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    os.rename(unfinished, args.out)
    size, packed = len(data) / 1e6, len(gzip.compress(data, 6, mtime=0)) / 1e6
    print(f"{args.tag} {manifest['digest']}: {size:.1f} MB, {packed:.1f} MB compressed, in {args.out}")


if __name__ == "__main__":
    main()
