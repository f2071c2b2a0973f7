//! What the client port makes of the body of a call, without a socket and without the loop: the
//! functions that its services call.

use bytes::Bytes;
use prost::Message;
use tonic::Status;
use understudy_machine::{Command, KvMachine, Outcome, Response, Watch};
use understudy_proto::admin::v1::{UpdateQuotaRequest, UpdateSettingsRequest};
use understudy_proto::kv::v1::{
    DeleteRequest, GetRandBitsRequest, GetRandBitsResponse, GetResponse, KeepLeaseAliveRequest,
    PutRequest, RandBytesRequest, RandBytesResponse, RandomRequest, RandomResponse, ResponseHeader,
    SeedResponse, SetStateResponse, TxnRequest,
};
use understudy_protocol::Settings;

use super::limits;
use super::{
    Read, Refusal, admin, delete, gate, key_value, lease, list, put, quota, random, session, txn,
    watch,
};
use crate::driver::key_at;

/// A call that changes something through the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// `KeyValueService.Put`
    Put,
    /// `KeyValueService.Delete`
    Delete,
    /// `KeyValueService.Txn`
    Txn,
    /// `AdminService.UpdateQuota`
    UpdateQuota,
    /// `AdminService.Compact`
    Compact,
    /// `RandomService.Seed`
    Seed,
    /// `RandomService.Random`
    Random,
    /// `RandomService.GetRandBits`
    GetRandBits,
    /// `RandomService.RandBytes`
    RandBytes,
    /// `RandomService.SetState`
    SetState,
    /// `RandomService.Now`
    Now,
    /// `LeaseService.GrantLease`
    GrantLease,
    /// `LeaseService.KeepLeaseAlive`
    KeepLeaseAlive,
    /// `LeaseService.RevokeLease`
    RevokeLease,
    /// `SessionService.OpenSession`
    OpenSession,
    /// `SessionService.KeepSessionAlive`
    KeepSessionAlive,
    /// `SessionService.CloseSession`
    CloseSession,
}

/// A call that was found in order.
pub struct Accepted {
    command: Command,
    form: Form,
}

/// What the answer's form depends on.
enum Form {
    Put {
        wants_previous: bool,
    },
    Delete {
        wants_previous: bool,
    },
    Txn(txn::Gets),
    Quota,
    Compacted,
    Seeded,
    /// The generator's name.
    Floats(String),
    Bits(String),
    Bytes(String),
    StateSet,
    Now,
    Granted,
    /// The lease's id.
    LeaseKept(i64),
    Revoked,
    Opened,
    Kept,
    Closed,
}

impl Accepted {
    /// What the body of a call asks for.
    ///
    /// # Errors
    /// The status that the client gets.
    pub fn new(call: Call, body: &[u8]) -> Result<Accepted, Status> {
        Ok(match call {
            Call::Put => {
                let request: PutRequest = decoded(body)?;
                let form = Form::Put { wants_previous: request.return_previous };
                Accepted { command: put::command(request)?, form }
            }
            Call::Delete => {
                let request: DeleteRequest = decoded(body)?;
                let form = Form::Delete { wants_previous: request.return_previous };
                Accepted { command: delete::command(request)?, form }
            }
            Call::Txn => {
                let request: TxnRequest = decoded(body)?;
                let form = Form::Txn(txn::Gets::of(&request));
                Accepted { command: txn::command(request)?, form }
            }
            Call::UpdateQuota => {
                let request: UpdateQuotaRequest = decoded(body)?;
                let change = quota::change(&request.quota.unwrap_or_default())?;
                Accepted { command: Command::new(change), form: Form::Quota }
            }
            Call::Compact => {
                Accepted { command: admin::compact(decoded(body)?)?, form: Form::Compacted }
            }
            Call::Seed => Accepted { command: random::seed(decoded(body)?)?, form: Form::Seeded },
            Call::Random => {
                let request: RandomRequest = decoded(body)?;
                let form = Form::Floats(request.name.clone());
                Accepted { command: random::floats(request)?, form }
            }
            Call::GetRandBits => {
                let request: GetRandBitsRequest = decoded(body)?;
                let form = Form::Bits(request.name.clone());
                Accepted { command: random::bits(request)?, form }
            }
            Call::RandBytes => {
                let request: RandBytesRequest = decoded(body)?;
                let form = Form::Bytes(request.name.clone());
                Accepted { command: random::bytes(request)?, form }
            }
            Call::SetState => {
                Accepted { command: random::set_state(decoded(body)?)?, form: Form::StateSet }
            }
            Call::Now => Accepted { command: random::now(decoded(body)?)?, form: Form::Now },
            Call::GrantLease => {
                Accepted { command: lease::grant(decoded(body)?)?, form: Form::Granted }
            }
            Call::KeepLeaseAlive => {
                let request: KeepLeaseAliveRequest = decoded(body)?;
                let form = Form::LeaseKept(request.lease_id);
                Accepted { command: lease::keep(request)?, form }
            }
            Call::RevokeLease => {
                Accepted { command: lease::revoke(decoded(body)?)?, form: Form::Revoked }
            }
            Call::OpenSession => {
                Accepted { command: session::open(decoded(body)?)?, form: Form::Opened }
            }
            Call::KeepSessionAlive => {
                Accepted { command: session::keep(decoded(body)?), form: Form::Kept }
            }
            Call::CloseSession => {
                Accepted { command: session::close(decoded(body)?), form: Form::Closed }
            }
        })
    }

    /// What goes into the log.
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// The body of the answer that the machine's response becomes; empty for a quota, which is read
    /// again.
    ///
    /// # Errors
    /// The status that the client gets.
    pub fn answer(self, response: Response) -> Result<Vec<u8>, Status> {
        let header = ResponseHeader { revision: response.revision, ..Default::default() };
        Ok(match self.form {
            Form::Put { wants_previous } => {
                put::response(header, response, wants_previous)?.encode_to_vec()
            }
            Form::Delete { wants_previous } => {
                delete::response(header, response, wants_previous)?.encode_to_vec()
            }
            Form::Txn(gets) => txn::response(header, response, &gets)?.encode_to_vec(),
            Form::Quota => match response.result {
                Some(Outcome::Failure(failure)) => return Err(Refusal::failed(&failure).into()),
                _ => Vec::new(),
            },
            Form::Compacted => admin::compacted(header, &response)?.encode_to_vec(),
            Form::Seeded => SeedResponse { header: random::set(header, response)? }.encode_to_vec(),
            Form::StateSet => {
                SetStateResponse { header: random::set(header, response)? }.encode_to_vec()
            }
            Form::Floats(name) => {
                let values = random::drawn(&name, response)?.floats;
                RandomResponse { header: Some(header), values }.encode_to_vec()
            }
            Form::Bits(name) => {
                let bits = random::drawn(&name, response)?.bytes;
                GetRandBitsResponse { header: Some(header), bits }.encode_to_vec()
            }
            Form::Bytes(name) => {
                let data = random::drawn(&name, response)?.bytes;
                RandBytesResponse { header: Some(header), data }.encode_to_vec()
            }
            Form::Now => random::time(header, response)?.encode_to_vec(),
            Form::Granted => lease::granted(header, response)?.encode_to_vec(),
            Form::LeaseKept(lease) => lease::kept(lease, header, response)?.encode_to_vec(),
            Form::Revoked => lease::revoked(header, response)?.encode_to_vec(),
            Form::Opened => session::opened(header, response)?.encode_to_vec(),
            Form::Kept => session::kept(header, response)?.encode_to_vec(),
            Form::Closed => session::closed(header, response)?.encode_to_vec(),
        })
    }
}

/// The body of the answer that `KeyValueService.Get` gets from a machine.
///
/// # Errors
/// The status that the client gets.
pub fn answer_get(machine: &KvMachine, body: &[u8]) -> Result<Vec<u8>, Status> {
    let (Read::Key(key, revision), _) = key_value::key_read(decoded(body)?)? else {
        return Err(gate::mismatch().into());
    };
    let header = ResponseHeader { revision: machine.revision(), ..Default::default() };
    let kv = key_at(machine, &key, revision)?.map(txn::key_value);
    Ok(GetResponse { header: Some(header), kv }.encode_to_vec())
}

/// The body of the answer that `KeyValueService.List` gets from a machine.
///
/// # Errors
/// The status that the client gets.
pub fn answer_list(machine: &KvMachine, body: &[u8]) -> Result<Vec<u8>, Status> {
    let asked = list::Asked::new(decoded(body)?, b"")?;
    let reader = machine.at(asked.revision()).map_err(|failure| Refusal::failed(&failure))?;
    let header = ResponseHeader { revision: machine.revision(), ..Default::default() };
    Ok(asked.answer(header, &reader)?.encode_to_vec())
}

/// The watch that `WatchService.Watch` begins on a machine, and the cursor of its first message.
///
/// # Errors
/// The status that the client gets.
pub fn begin_watch(machine: &KvMachine, body: &[u8]) -> Result<(Watch, String), Status> {
    let (changes, cluster) = (machine.changes(), Bytes::new());
    let asked = watch::Asked::new(decoded(body)?, &cluster)?;
    let mut watch = asked.watch(changes)?;
    let reader = machine.at(0).map_err(|failure| Refusal::failed(&failure))?;
    watch.pass_over(&reader).map_err(|_| Refusal::compacted(changes.floor() + 1))?;
    let cursor = asked.cursor(watch.position(), changes, &cluster).text();
    Ok((watch, cursor))
}

/// The name of the backup that `AdminService.HandOver` asks for; none: any.
///
/// # Errors
/// The status that the client gets.
pub fn successor(body: &[u8]) -> Result<Option<String>, Status> {
    Ok(admin::successor(decoded(body)?)?)
}

/// What `AdminService.UpdateSettings` makes of the settings in force.
///
/// # Errors
/// The status that the client gets.
pub fn updated_settings(settings: Settings, body: &[u8]) -> Result<Settings, Status> {
    let request: UpdateSettingsRequest = decoded(body)?;
    let change = request.settings.unwrap_or_default();
    admin::check_known(&change)?;
    Ok(admin::changed(settings, &change)?)
}

fn decoded<M: Message + Default>(body: &[u8]) -> Result<M, Status> {
    limits::request(body.len())?;
    M::decode(body).map_err(|error| Status::invalid_argument(error.to_string()))
}
