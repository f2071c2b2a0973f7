//! The directory: finding the highest file, giving a new one its name, removing old ones.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{
    AtFlags, CWD, Dir, Gid, Mode, OFlags, fchmod, fchown, fstat, fsync, linkat, openat, unlinkat,
};
use rustix::io::Errno;
use understudy_protocol::{Epoch, Observed, RegisterFailure};

use super::content;

/// How often a read starts over because the file it had found was overtaken and removed.
const READ_ATTEMPTS: usize = 16;

/// Bytes of the largest file that is read: no register comes near it.
const MAX_FILE: u64 = 1 << 20;

/// One directory, held open: what is done to it is done to the same one.
pub struct Folder {
    path: PathBuf,
    fd: OwnedFd,
}

impl Folder {
    pub fn open(path: &Path) -> Result<Folder, RegisterFailure> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match openat(CWD, path, flags, Mode::empty()) {
            Ok(fd) => Ok(Folder { path: path.into(), fd }),
            Err(Errno::NOENT) => {
                let path = path.display();
                Err(RegisterFailure::Missing(format!(
                    "there is no directory {path} to hold the register: bring it back"
                )))
            }
            Err(errno) => Err(unreachable("open", path, errno)),
        }
    }

    /// The epoch of the highest file; 0 for the blank register.
    pub fn highest(&self) -> Result<Epoch, RegisterFailure> {
        let epochs = self.names()?;
        epochs.iter().filter_map(|name| epoch_of_name(name)).max().ok_or_else(|| {
            RegisterFailure::Missing(format!(
                "there is no register in {}: bring it back, or make one by order",
                self.path.display()
            ))
        })
    }

    /// What the highest file says.
    pub fn read_highest(&self) -> Result<Observed, RegisterFailure> {
        let mut epoch = self.highest()?;
        for _ in 0..READ_ATTEMPTS {
            let name = name_of(epoch);
            match self.read_file(&name) {
                Ok(bytes) => {
                    return content::decode(epoch, &bytes).map_err(|damage| {
                        let path = self.path.join(&name);
                        RegisterFailure::Damaged(format!("{}: {damage}", path.display()))
                    });
                }
                // Overtaken and removed since it was found.
                Err(error) if error.kind() == io::ErrorKind::NotFound => epoch = self.highest()?,
                Err(error) => return Err(unreachable("read", &self.path.join(name), error)),
            }
        }
        Err(RegisterFailure::Unreachable(format!(
            "register in {}: changes faster than it can be read",
            self.path.display()
        )))
    }

    fn read_file(&self, name: &str) -> io::Result<Vec<u8>> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&self.fd, name, flags, Mode::empty())?);
        let mut bytes = Vec::new();
        file.take(MAX_FILE).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Makes the file of this epoch, all or nothing; `false` if there is one, or was. `nonce` tells
    /// writers apart.
    pub fn publish(
        &self,
        epoch: Epoch,
        nonce: u128,
        bytes: &[u8],
    ) -> Result<bool, RegisterFailure> {
        let draft = draft_of(epoch, nonce);

        let written = self.write_file(&draft, bytes);
        let linked = written.and_then(|()| {
            match linkat(&self.fd, &draft, &self.fd, name_of(epoch), AtFlags::empty()) {
                Ok(()) => Ok(true),
                // No draft: it was collected, by one who has gone far beyond this epoch.
                Err(Errno::EXIST | Errno::NOENT) => Ok(false),
                Err(errno) => Err(errno.into()),
            }
        });
        // What stays is ignored by everyone, and collected.
        let _ = unlinkat(&self.fd, &draft, AtFlags::empty());
        linked.map_err(|error| unreachable("write", &self.path.join(name_of(epoch)), error))
    }

    /// Makes a draft and takes it away again: whether this process may write here.
    pub fn try_draft(&self, epoch: Epoch) -> Result<(), RegisterFailure> {
        let draft = draft_of(epoch, u128::from(std::process::id()));
        let written = self.write_file(&draft, b"a check");
        let _ = unlinkat(&self.fd, &draft, AtFlags::empty());
        written.map_err(|error| unreachable("write", &self.path.join(&draft), error))
    }

    fn write_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR)?);
        self.share(&file)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// A file is its owner's alone, but for the group where somebody has given the directory to one: then
    /// its replicas are different users.
    fn share(&self, file: &File) -> io::Result<()> {
        let directory = fstat(&self.fd)?;
        let mode = Mode::from_raw_mode(directory.st_mode);
        if mode.contains(Mode::RGRP | Mode::WGRP | Mode::XGRP) {
            let group = Gid::from_raw(directory.st_gid);
            // A user that is not in the group keeps the file to itself.
            if fchown(file, None, Some(group)).is_ok() {
                fchmod(file, Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP)?;
            }
        }
        Ok(())
    }

    /// Makes durable which names the directory has.
    pub fn sync(&self) -> Result<(), RegisterFailure> {
        fsync(&self.fd).map_err(|errno| unreachable("sync", &self.path, errno))
    }

    /// Removes files more than `keep` epochs below `highest`, which is on disk, and drafts of such
    /// epochs, whose writers cannot win any more. What fails is left to the next one.
    pub fn collect(&self, highest: Epoch, keep: u64) {
        let old = 1..highest.saturating_sub(keep);
        for name in self.names().unwrap_or_default() {
            let epoch = epoch_of_name(&name).or_else(|| epoch_of_draft(&name));
            if epoch.is_some_and(|epoch| old.contains(&epoch)) {
                let _ = unlinkat(&self.fd, &name, AtFlags::empty());
            }
        }
    }

    fn names(&self) -> Result<Vec<String>, RegisterFailure> {
        let list = || {
            let mut names = Vec::new();
            for entry in Dir::read_from(&self.fd)? {
                if let Ok(name) = entry?.file_name().to_str() {
                    names.push(name.to_owned());
                }
            }
            Ok(names)
        };
        list().map_err(|errno: Errno| unreachable("list", &self.path, errno))
    }
}

/// Never used twice by one process, not even by a second try of the same write: the file with the
/// first name may be the register by now.
fn draft_of(epoch: Epoch, nonce: u128) -> String {
    static TRY: AtomicU64 = AtomicU64::new(0);
    let n = TRY.fetch_add(1, Ordering::Relaxed);
    format!(".register.{epoch}.{nonce:032x}.{n}.tmp")
}

fn name_of(epoch: Epoch) -> String {
    format!("register.{epoch}")
}

fn epoch_of_name(name: &str) -> Option<Epoch> {
    let epoch = name.strip_prefix("register.")?.parse().ok()?;
    // One name for each epoch: neither `register.07` nor `register.+7`.
    (name == name_of(epoch)).then_some(epoch)
}

fn epoch_of_draft(name: &str) -> Option<Epoch> {
    let middle = name.strip_prefix(".register.")?.strip_suffix(".tmp")?;
    middle.split('.').next()?.parse().ok()
}

fn unreachable(what: &str, path: &Path, error: impl Into<io::Error>) -> RegisterFailure {
    RegisterFailure::Unreachable(format!("cannot {what} {}: {}", path.display(), error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_names_are_registers() {
        assert_eq!(epoch_of_name("register.0"), Some(0));
        assert_eq!(epoch_of_name("register.18446744073709551615"), Some(u64::MAX));
        for name in ["register.", "register.07", "register.+7", "register.-1", "register.7.tmp"] {
            assert_eq!(epoch_of_name(name), None, "{name}");
        }
        for name in ["register", "Register.7", "register.18446744073709551616", "register. 7"] {
            assert_eq!(epoch_of_name(name), None, "{name}");
        }
    }

    #[test]
    fn a_draft_tells_its_epoch() {
        assert_eq!(epoch_of_draft(".register.12.00ff.3.tmp"), Some(12));
        assert_eq!(epoch_of_draft(".register.12.00ff.3"), None);
        assert_eq!(epoch_of_draft("register.12"), None);
    }
}
