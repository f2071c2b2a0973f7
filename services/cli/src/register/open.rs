//! One way to talk to every kind of register.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use understudy_arbiter::{Arbiter, DirectoryRegister, Options, RegisterUri};
use understudy_protocol::{Record, RegisterUid};

use crate::failure::Failure;

/// A register that commands talk to.
pub enum Opened {
    /// Files in a directory.
    Directory(DirectoryRegister),
    /// A Lease.
    #[cfg(feature = "kubernetes")]
    Lease(Box<understudy_arbiter::LeaseRegister>),
}

/// A register that was made in place of another one.
pub struct Replaced {
    /// Which object the new one is.
    pub uid: RegisterUid,
    /// Where the old one is, or what it said; for people.
    pub old: Option<String>,
}

impl Opened {
    /// Whether or not it can be reached now.
    ///
    /// # Errors
    /// When a Lease is named and no cluster is known here.
    pub async fn open(uri: &RegisterUri) -> Result<Self, Failure> {
        match uri {
            RegisterUri::Directory(path) => {
                Ok(Opened::Directory(DirectoryRegister::at(path, Options::default())))
            }
            RegisterUri::Lease { namespace, name } => Self::lease(namespace.as_deref(), name).await,
        }
    }

    #[cfg(feature = "kubernetes")]
    async fn lease(namespace: Option<&str>, name: &str) -> Result<Self, Failure> {
        use understudy_arbiter::LeaseRegister;
        use understudy_arbiter::kubernetes::ApiServer;

        let api = ApiServer::infer().await.map_err(Failure::new)?;
        let namespace = namespace.unwrap_or(api.namespace()).to_owned();
        let lease = LeaseRegister::at(api.into(), &namespace, name).map_err(Failure::usage)?;
        Ok(Opened::Lease(Box::new(lease)))
    }

    #[cfg(not(feature = "kubernetes"))]
    async fn lease(_: Option<&str>, _: &str) -> Result<Self, Failure> {
        Err(Failure::new(
            "this program is built without Kubernetes: build it with its default features",
        ))
    }

    /// As the protocol sees it.
    pub fn arbiter(&self) -> &dyn Arbiter {
        match self {
            Opened::Directory(register) => register,
            #[cfg(feature = "kubernetes")]
            Opened::Lease(register) => &**register,
        }
    }

    /// Makes the blank register.
    ///
    /// # Errors
    /// When there is one, or it cannot be made.
    pub async fn create(&self) -> Result<RegisterUid, Failure> {
        match self {
            Opened::Directory(register) => {
                DirectoryRegister::create(register.dir()).map_err(Failure::new)
            }
            #[cfg(feature = "kubernetes")]
            Opened::Lease(register) => register.create().await.map_err(Failure::new),
        }
    }

    /// Makes a register that says `record`, in place of whatever is there; `known` is the one that
    /// the replica knows.
    ///
    /// # Errors
    /// When the old one cannot be put out of the way or the new one not be made.
    #[cfg_attr(not(feature = "kubernetes"), expect(unused_variables, reason = "of Leases only"))]
    pub async fn replace(
        &self,
        record: &Record,
        known: Option<RegisterUid>,
    ) -> Result<Replaced, Failure> {
        match self {
            Opened::Directory(register) => replace_directory(register.dir(), record),
            #[cfg(feature = "kubernetes")]
            Opened::Lease(register) => {
                let made = register.restore(record, known).await.map_err(Failure::new)?;
                let old = made.replaced.map(|lease| format!("the old Lease was {lease}"));
                Ok(Replaced { uid: made.uid, old })
            }
        }
    }
}

fn replace_directory(dir: &Path, record: &Record) -> Result<Replaced, Failure> {
    let aside = dir.exists().then(|| aside(dir));
    if let Some(aside) = &aside {
        std::fs::rename(dir, aside).map_err(|error| {
            Failure::new(format!(
                "cannot move {} to {}: {error}; move its files away yourself",
                dir.display(),
                aside.display()
            ))
        })?;
    }
    let uid = DirectoryRegister::restore(dir, record).map_err(Failure::new)?;
    let old = aside.map(|aside| format!("the old register is kept in {}", aside.display()));
    Ok(Replaced { uid, old })
}

fn aside(dir: &Path) -> PathBuf {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut name = dir.as_os_str().to_owned();
    name.push(format!(".set-aside-{}", now.as_millis()));
    name.into()
}
