//! What lies outside of the replica: the register that decides, and the supervisor of its processes.

use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use understudy_arbiter::{Arbiter, DirectoryRegister, RegisterUri};
use understudy_protocol::Member;

use crate::checkup::Check;
use crate::driver::View;
use crate::error::ServeError;
use crate::options::Options;

/// What a life is begun with besides its own data.
pub(crate) struct Environment {
    pub arbiter: Arc<dyn Arbiter>,
    /// Where to tell which copy was dropped and did not come back; `None`: nobody can replace it.
    pub evict: Option<mpsc::Sender<Member>>,
    /// Tasks besides the loop that look at its view; dropped with the life.
    pub helpers: Vec<Helper>,
    /// What a transition needs besides the register.
    pub checks: Vec<Check>,
    /// What would keep this replica from taking over; empty if nothing is known.
    pub warning: watch::Sender<String>,
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Makes a task out of a view.
pub(crate) type Helper = Box<dyn FnOnce(watch::Receiver<Arc<View>>) -> Task + Send>;

impl Environment {
    /// Only a register.
    pub fn with(arbiter: Arc<dyn Arbiter>) -> Self {
        let warning = watch::Sender::default();
        Environment { arbiter, evict: None, helpers: Vec::new(), checks: Vec::new(), warning }
    }

    /// As the options say.
    pub async fn of(options: &Options) -> Result<Self, ServeError> {
        let environment = match &options.register {
            RegisterUri::Directory(path) => {
                Ok(Self::with(Arc::new(DirectoryRegister::at(path, Default::default()))))
            }
            RegisterUri::Lease { namespace, name } => {
                kubernetes(options, namespace.as_deref(), name).await
            }
        };
        environment.map_err(|why| ServeError::Register { uri: options.register.clone(), why })
    }
}

#[cfg(feature = "kubernetes")]
use crate::kubernetes::environment as kubernetes;

#[cfg(not(feature = "kubernetes"))]
async fn kubernetes(_: &Options, _: Option<&str>, _: &str) -> Result<Environment, String> {
    Err("this program is built without Kubernetes: build it with feature `kubernetes`".into())
}

/// A helper out of an async function.
#[cfg(feature = "kubernetes")]
pub(crate) fn helper<T>(
    make: impl FnOnce(watch::Receiver<Arc<View>>) -> T + Send + 'static,
) -> Helper
where
    T: Future<Output = ()> + Send + 'static,
{
    Box::new(|view| Box::pin(make(view)))
}
