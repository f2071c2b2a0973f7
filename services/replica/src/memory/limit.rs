//! How much memory this process may take: what its control groups allow, and what the machine has.

use std::path::{Component, Path, PathBuf};

use super::{Limit, UNLIMITED};

/// The least of what the process's control groups and all above them allow, of either version, and of what
/// the machine has; `None` where neither can be told.
pub(super) fn found(root: &Path) -> Option<Limit> {
    let groups = read(&root.join("proc/self/cgroup")).unwrap_or_default();
    let files = groups.lines().filter_map(group).flat_map(|group| group.files());
    let of_groups = files.filter_map(|file| {
        let bytes = amount(&read(&root.join(&file))?)?;
        Some(Limit { bytes, whence: format!("/{}", file.display()) })
    });
    let machine = read(&root.join("proc/meminfo")).and_then(|text| total(&text));
    let machine = machine.map(|bytes| Limit { bytes, whence: "this machine's memory".into() });
    of_groups.chain(machine).min_by_key(|limit| limit.bytes)
}

fn read(path: &Path) -> Option<String> {
    std::fs::read_to_string(path).ok()
}

/// A control group of this process.
struct Group<'a> {
    /// Where its version's tree may be, and how a limit is called there.
    trees: &'static [&'static str],
    file: &'static str,
    path: &'a str,
}

/// A line of `/proc/self/cgroup`, `NUMBER:CONTROLLERS:PATH`, if it is of a group that has memory.
fn group(line: &str) -> Option<Group<'_>> {
    let mut fields = line.splitn(3, ':');
    let (_, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
    let of_version_1 = controllers.split(',').any(|controller| controller == "memory");
    match controllers {
        "" => Some(Group {
            trees: &["sys/fs/cgroup", "sys/fs/cgroup/unified"],
            file: "memory.max",
            path,
        }),
        _ if of_version_1 => {
            Some(Group { trees: &["sys/fs/cgroup/memory"], file: "memory.limit_in_bytes", path })
        }
        _ => None,
    }
}

impl Group<'_> {
    /// The limits of it and of all above it. A container may see its own as the top, by whatever path.
    fn files(&self) -> Vec<PathBuf> {
        let names = Path::new(self.path).components();
        let path: PathBuf = names.filter(|name| matches!(name, Component::Normal(_))).collect();
        let place = |tree: &&str, above: &Path| Path::new(tree).join(above).join(self.file);
        let all = |above| self.trees.iter().map(move |tree| place(tree, above));
        path.ancestors().flat_map(all).collect()
    }
}

/// What a limit's file says; `None`: there is no limit.
fn amount(text: &str) -> Option<u64> {
    text.trim().parse().ok().filter(|bytes| *bytes < UNLIMITED)
}

/// What `/proc/meminfo` says that the machine has.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MEMINFO: &str = "MemTotal:        8000 kB\nMemFree:         100 kB\n";

    /// What is found in a tree of such files.
    fn in_tree(files: &[(&str, &str)]) -> Option<(u64, String)> {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        found(root.path()).map(|limit| (limit.bytes, limit.whence))
    }

    fn of(bytes: u64, whence: &str) -> Option<(u64, String)> {
        Some((bytes, whence.to_owned()))
    }

    #[test]
    fn the_least_limit_of_all_groups_above_counts() {
        let files = [
            ("proc/self/cgroup", "0::/pods/one/box\n"),
            ("proc/meminfo", MEMINFO),
            ("sys/fs/cgroup/pods/one/box/memory.max", "max\n"),
            ("sys/fs/cgroup/pods/one/memory.max", "3000\n"),
            ("sys/fs/cgroup/pods/memory.max", "5000\n"),
            ("sys/fs/cgroup/other/memory.max", "1\n"),
        ];
        assert_eq!(in_tree(&files), of(3000, "/sys/fs/cgroup/pods/one/memory.max"));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_top() {
        for path in ["/", "/../../elsewhere", "/docker/not-to-be-seen"] {
            let line = format!("0::{path}\n");
            let files = [("proc/self/cgroup", &*line), ("sys/fs/cgroup/memory.max", "700\n")];
            assert_eq!(in_tree(&files), of(700, "/sys/fs/cgroup/memory.max"), "{path}");
        }
    }

    #[test]
    fn groups_of_version_1_count_too() {
        let files = [
            ("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/a\n0::/\n"),
            ("proc/meminfo", MEMINFO),
            ("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "2000\n"),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ("sys/fs/cgroup/cpu/a/memory.limit_in_bytes", "1\n"),
        ];
        let file = "/sys/fs/cgroup/memory/a/memory.limit_in_bytes";
        assert_eq!(in_tree(&files), of(2000, file));
    }

    #[test]
    fn without_a_limit_the_machine_has_what_it_has() {
        let free = [
            ("proc/self/cgroup", "nonsense\n0::/a\n"),
            ("sys/fs/cgroup/a/memory.max", "max\n"),
            ("proc/meminfo", MEMINFO),
        ];
        assert_eq!(in_tree(&free), of(8000 * 1024, "this machine's memory"));
        assert_eq!(in_tree(&free[2..]), of(8000 * 1024, "this machine's memory"));
        assert_eq!(in_tree(&free[..2]), None);
        assert_eq!(in_tree(&[("proc/meminfo", "MemTotal: many kB\n")]), None);
    }

    #[test]
    fn here_something_is_found() {
        assert!(found(Path::new("/")).is_some_and(|limit| limit.bytes > 1 << 20));
    }
}
