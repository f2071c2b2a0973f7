//! The options that all commands of clients take.

use std::time::Duration;

use clap::Args;
use understudy_client::{Client, Endpoints, Options};

use super::duration;
use crate::output::Output;

/// Where `dev` and `serve` listen by default.
const ENDPOINTS: &str = "127.0.0.1:7440,127.0.0.1:7450,127.0.0.1:7460";

/// The options that all commands of clients take.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The replicas' addresses, or the one that follows the primary: host:port, separated by commas.
    #[arg(
        long,
        global = true,
        env = "UNDERSTUDY_ENDPOINTS",
        value_name = "A,B",
        default_value = ENDPOINTS
    )]
    pub endpoints: Endpoints,
    /// How long one operation may take, retries included, such as 500ms or 30s. Default: 30s, and a watch
    /// waits for a primary as long as it takes.
    #[arg(long, global = true, value_name = "TIME", value_parser = duration::parse)]
    pub deadline: Option<Duration>,
    /// How to print.
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t)]
    pub output: Output,
}

impl Connection {
    /// A client with these options.
    pub fn client(&self) -> Client {
        self.client_with(Options::default())
    }

    /// A client with these options, and the others as given.
    pub fn client_with(&self, options: Options) -> Client {
        let deadline = self.deadline.unwrap_or(options.deadline);
        Client::new(&self.endpoints, options.deadline(deadline))
    }

    /// Whether nobody has said where replicas are: then there need not be any at each address.
    pub fn is_by_default(&self) -> bool {
        self.endpoints.addresses().iter().map(AsRef::as_ref).eq(ENDPOINTS.split(','))
    }

    /// Whether to print JSON.
    pub fn json(&self) -> bool {
        self.output == Output::Json
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use clap::Parser;
    use understudy_replica::{Options, ServeArgs};

    use super::*;
    use crate::pair::{Place, Ports};

    #[derive(Parser)]
    struct Asking {
        #[command(flatten)]
        connection: Connection,
    }

    #[derive(Parser)]
    struct Serving {
        #[command(flatten)]
        options: ServeArgs,
    }

    /// Without options clients find what `dev` and `serve` start without options.
    #[test]
    fn clients_look_where_dev_and_serve_listen() {
        let looks = Asking::try_parse_from(["get"]).unwrap().connection.endpoints;
        let looks: Vec<String> = looks.addresses().iter().map(ToString::to_string).collect();
        let ports = Ports::from(Ports::FIRST);
        let mut dev = vec![format!("127.0.0.1:{}", ports.following)];
        dev.extend(ports.replicas.map(|replica| Place::local(replica).clients));
        assert_eq!(looks, dev);
        let given = |at| Asking::try_parse_from(["get", "--endpoints", at]).unwrap().connection;
        assert!(given(ENDPOINTS).is_by_default() && !given("127.0.0.1:7440").is_by_default());
        let always = ["serve", "--name", "a", "--data", "d", "--register", "dir:r"];
        let serve = Options::load(Serving::try_parse_from(always).unwrap().options).unwrap();
        assert!(looks.contains(&serve.listen_clients), "{}", serve.listen_clients);
    }
}
