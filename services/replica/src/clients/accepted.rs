//! What the client port makes of the body of a call, without a socket and without the loop: the
//! functions that its services call.

use prost::Message;
use tonic::Status;
use understudy_machine::{Command, Outcome, Response};
use understudy_proto::admin::v1::{UpdateQuotaRequest, UpdateSettingsRequest};
use understudy_proto::kv::v1::{DeleteRequest, PutRequest, ResponseHeader, TxnRequest};
use understudy_protocol::Settings;

use super::limits::{self, Limits};
use super::{Refusal, admin, delete, put, quota, txn};

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
}

/// A call that was found in order.
pub struct Accepted {
    command: Command,
    form: Form,
}

/// What the answer's form depends on.
enum Form {
    Put { wants_previous: bool },
    Delete { wants_previous: bool },
    Txn(txn::Gets),
    Quota,
}

impl Accepted {
    /// What the body of a call asks for; values may have `max_value` bytes.
    ///
    /// # Errors
    /// The status that the client gets.
    pub fn new(call: Call, body: &[u8], max_value: u64) -> Result<Accepted, Status> {
        let limits = Limits { max_value };
        Ok(match call {
            Call::Put => {
                let request: PutRequest = decoded(body)?;
                let form = Form::Put { wants_previous: request.return_previous };
                Accepted { command: put::command(&limits, request)?, form }
            }
            Call::Delete => {
                let request: DeleteRequest = decoded(body)?;
                let form = Form::Delete { wants_previous: request.return_previous };
                Accepted { command: delete::command(request)?, form }
            }
            Call::Txn => {
                let request: TxnRequest = decoded(body)?;
                let form = Form::Txn(txn::Gets::of(&request));
                Accepted { command: txn::command(&limits, request)?, form }
            }
            Call::UpdateQuota => {
                let request: UpdateQuotaRequest = decoded(body)?;
                let change = quota::change(&request.quota.unwrap_or_default())?;
                Accepted { command: Command::new(change), form: Form::Quota }
            }
        })
    }

    /// What goes into the log.
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// The body of the answer that the machine's response becomes; empty for a quota, which is read
    /// anew.
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
        })
    }
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
