//! What lies outside of the replica: the register that decides, and whoever runs its processes.

use std::sync::Arc;

use understudy_arbiter::{Arbiter, DirectoryRegister, RegisterUri};

use crate::error::ServeError;
use crate::options::Options;

/// What a life is begun with besides its own data.
pub(crate) struct Outside {
    pub arbiter: Arc<dyn Arbiter>,
}

impl Outside {
    /// Only a register.
    pub fn with(arbiter: Arc<dyn Arbiter>) -> Self {
        Outside { arbiter }
    }

    /// As the options say.
    pub async fn of(options: &Options) -> Result<Self, ServeError> {
        match &options.register {
            RegisterUri::Directory(path) => {
                Ok(Self::with(Arc::new(DirectoryRegister::at(path, Default::default()))))
            }
            RegisterUri::Lease { namespace, name } => {
                Self::in_kubernetes(namespace.as_deref(), name)
                    .await
                    .map_err(|why| ServeError::Register { uri: options.register.clone(), why })
            }
        }
    }

    #[cfg(feature = "kubernetes")]
    async fn in_kubernetes(namespace: Option<&str>, name: &str) -> Result<Self, String> {
        use understudy_arbiter::LeaseRegister;
        use understudy_arbiter::kubernetes::ApiServer;

        let api = Arc::new(ApiServer::infer().await.map_err(|error| error.to_string())?);
        let namespace = namespace.unwrap_or(api.namespace()).to_owned();
        let lease = LeaseRegister::at(api, &namespace, name).map_err(|error| error.to_string())?;
        Ok(Self::with(Arc::new(lease)))
    }

    #[cfg(not(feature = "kubernetes"))]
    async fn in_kubernetes(_: Option<&str>, _: &str) -> Result<Self, String> {
        Err("this program is built without Kubernetes: build it with feature `kubernetes`".into())
    }
}
