//! What the client port makes of the body of a call, without a socket and without the loop: the
//! functions that its services call.

use bytes::Bytes;
use prost::Message;
use understudy_machine::{Command, KvMachine, Response, Watch};
use understudy_proto::admin::v1::UpdateSettingsRequest;
use understudy_proto::kv::v1::{ErrorReason, ResponseHeader};
use understudy_protocol::Settings;

use super::rpc::LoggedRpc;
use super::{Read, RequestKind, admin, get, limits, list, settings, watch};
use crate::driver::key_at;
use crate::refusal::Refusal;

/// What a client is refused with.
#[derive(Clone, PartialEq, Debug)]
pub struct Refused {
    /// Unspecified where the contract has no reason for it. An outcome is unknown only where a response was not of
    /// its request's kind: that is a bug.
    pub reason: ErrorReason,
    /// For people.
    pub message: String,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Refused { reason: refusal.reason, message: refusal.message }
    }
}

/// A call that was found in order.
pub struct Accepted {
    command: Command,
    answer: Box<dyn FnOnce(Response) -> Result<Vec<u8>, Refusal>>,
}

/// [`accept`] for one kind of request.
pub type Accept = fn(&[u8]) -> Result<Accepted, Refused>;

/// What the body of a call asks for that changes something through the log.
///
/// # Errors
/// What the client is refused with.
pub fn accept<R: LoggedRpc>(body: &[u8]) -> Result<Accepted, Refused> {
    let request: R = decoded(body)?;
    let (command, form) = request.command()?;
    let answer = Box::new(|response: Response| {
        let header = ResponseHeader { revision: response.revision, ..Default::default() };
        Ok(R::response(form, (header, response))?.encode_to_vec())
    });
    Ok(Accepted { command, answer })
}

impl Accepted {
    /// What goes into the log.
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// The body of the answer that the machine's response becomes; empty for a quota, which is read
    /// again.
    ///
    /// # Errors
    /// What the client is refused with.
    pub fn answer(self, response: Response) -> Result<Vec<u8>, Refused> {
        Ok((self.answer)(response)?)
    }
}

/// The body of the answer that `KeyValueService.Get` gets from a machine.
///
/// # Errors
/// What the client is refused with.
pub fn answer_get(machine: &KvMachine, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let (RequestKind::Read(Read::Key(key, revision))
    | RequestKind::Stale(Read::Key(key, revision))) = get::request(decoded(body)?)?
    else {
        return Err(Refusal::mismatch().into());
    };
    let header = ResponseHeader { revision: machine.revision(), ..Default::default() };
    Ok(get::response(header, key_at(machine, &key, revision)?).encode_to_vec())
}

/// The body of the answer that `KeyValueService.List` gets from a machine.
///
/// # Errors
/// What the client is refused with.
pub fn answer_list(machine: &KvMachine, body: &[u8]) -> Result<Vec<u8>, Refused> {
    let query = list::ListQuery::new(decoded(body)?, b"")?;
    let reader = machine.at(query.revision()).map_err(|failure| Refusal::failed(&failure))?;
    let header = ResponseHeader { revision: machine.revision(), ..Default::default() };
    Ok(query.answer(header, &reader)?.encode_to_vec())
}

/// The watch that `WatchService.Watch` begins on a machine, and the cursor of its first message.
///
/// # Errors
/// What the client is refused with.
pub fn begin_watch(machine: &KvMachine, body: &[u8]) -> Result<(Watch, String), Refused> {
    let (changes, cluster) = (machine.changes(), Bytes::new());
    let query = watch::WatchQuery::new(decoded(body)?, &cluster)?;
    let mut watch = query.watch(changes)?;
    let reader = machine.at(0).map_err(|failure| Refusal::failed(&failure))?;
    watch.pass_over(&reader).map_err(|_| Refusal::compacted(changes.floor() + 1))?;
    let cursor = query.cursor(watch.position(), changes, &cluster).text();
    Ok((watch, cursor))
}

/// The name of the backup that `AdminService.HandOver` asks for; none: any.
///
/// # Errors
/// What the client is refused with.
pub fn successor(body: &[u8]) -> Result<Option<String>, Refused> {
    Ok(admin::successor(decoded(body)?)?)
}

/// What `AdminService.UpdateSettings` makes of the settings in force.
///
/// # Errors
/// What the client is refused with.
pub fn updated_settings(settings: Settings, body: &[u8]) -> Result<Settings, Refused> {
    let request: UpdateSettingsRequest = decoded(body)?;
    let change = request.settings.unwrap_or_default();
    settings::check_known(&change)?;
    Ok(settings::changed(settings, &change)?)
}

fn decoded<M: Message + Default>(body: &[u8]) -> Result<M, Refusal> {
    limits::request(body.len())?;
    M::decode(body).map_err(Refusal::undecodable)
}
