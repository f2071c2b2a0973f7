//! What a register says now.

use clap::Args;
use serde_json::{Value, json};
use understudy_arbiter::RegisterUri;
use understudy_protocol::{Observed, Record};

use super::Opened;
use crate::failure::Failure;
use crate::output::Output;
use crate::print;

/// Shows what a register says, read as a replica reads it.
///
/// Exit code 1 if there is none, or it is damaged or cannot be reached.
#[derive(Debug, Args)]
pub struct Show {
    /// The register, as given to the replicas: dir:PATH or lease:NAMESPACE/NAME
    #[arg(value_name = "URI")]
    register: RegisterUri,
    /// How to print.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Output,
}

impl Show {
    pub async fn run(self) -> Result<(), Failure> {
        let register = Opened::open(&self.register).await?;
        let observed = register.arbiter().read().await.map_err(Failure::new)?;
        match self.output {
            Output::Text => print::line(text(&observed)),
            Output::Json => print::json(&object(&observed)),
        }
        print::written()
    }
}

fn text(observed: &Observed) -> String {
    let head = format!("register {}, version {}", observed.uid, observed.version);
    let Some(record) = &observed.record else { return format!("{head}\nblank") };
    let mut lines = vec![
        head,
        format!("cluster  {}", record.cluster),
        format!("epoch    {}", record.epoch),
        format!("floor    {}", record.floor),
        format!("nonce    {}", record.nonce),
    ];
    for member in &record.members {
        let role = if member.incarnation == record.primary { "primary" } else { "backup " };
        lines.push(format!(
            "{role}  {}  {}  clients {}  peers {}",
            print::text(member.name.as_bytes()),
            member.incarnation,
            print::text(member.client_address.as_bytes()),
            print::text(member.peer_address.as_bytes()),
        ));
    }
    lines.join("\n")
}

fn object(observed: &Observed) -> Value {
    json!({
        "uid": observed.uid.to_string(),
        "version": observed.version,
        "record": observed.record.as_ref().map(record),
    })
}

fn record(record: &Record) -> Value {
    let members: Vec<Value> = record
        .members
        .iter()
        .map(|member| {
            json!({
                "incarnation": member.incarnation.to_string(),
                "name": member.name,
                "peer_address": member.peer_address,
                "client_address": member.client_address,
            })
        })
        .collect();
    json!({
        "cluster": record.cluster.to_string(),
        "epoch": record.epoch,
        "primary": record.primary.to_string(),
        "members": members,
        "floor": record.floor,
        "nonce": record.nonce.to_string(),
    })
}
