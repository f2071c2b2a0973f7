//! Who has what, a page at a time: collected outside the loop, since that takes longer the more there is.

use bytes::Bytes;
use twox_hash::XxHash3_64;
use understudy_machine::{OwnerInfo, Reader, SessionInfo};
use understudy_proto::admin::v1::{
    ListOwnersRequest, ListOwnersResponse, ListSessionsRequest, ListSessionsResponse, Owner,
    Session,
};
use understudy_proto::kv::v1::{ErrorReason, ResponseHeader};

use super::admission::Admitted;
use super::list::page_size;
use super::{Answer, Read, limits, token};
use crate::refusal::Refusal;

/// Where a list got to, and of which list that is true.
#[derive(Clone, PartialEq, prost::Message)]
struct OwnedToken {
    /// The last session of the page before.
    #[prost(uint64, tag = "1")]
    session: u64,
    /// The last owner of the page before.
    #[prost(bytes = "bytes", tag = "2")]
    owner: Bytes,
    /// Of the cluster and of what was asked for.
    #[prost(fixed64, tag = "3")]
    request: u64,
}

pub(crate) async fn sessions(
    call: &Admitted,
    request: ListSessionsRequest,
) -> Result<ListSessionsResponse, Refusal> {
    let ListSessionsRequest { owner, page_size: size, page_token } = request;
    let (most, token) = (page_size(size)?, read(call, &["sessions", &owner], &page_token)?);
    let after = token.session;
    let (header, (infos, more)) = page(call, most, move |reader, most| {
        let owner = Some(owner.as_bytes()).filter(|owner| !owner.is_empty());
        reader.sessions(after, owner).take(most).collect()
    })
    .await?;
    let last = infos.last().filter(|_| more);
    let next = last.map(|last| OwnedToken { session: last.session, ..token });
    let sessions = infos.iter().map(session).collect();
    Ok(ListSessionsResponse { header: Some(header), sessions, next_page_token: text(next) })
}

pub(crate) async fn owners(
    call: &Admitted,
    request: ListOwnersRequest,
) -> Result<ListOwnersResponse, Refusal> {
    let ListOwnersRequest { page_size: size, page_token } = request;
    let (most, token) = (page_size(size)?, read(call, &["owners"], &page_token)?);
    let after = token.owner.clone();
    let (header, (infos, more)) =
        page(call, most, move |reader, most| reader.owners(&after, most)).await?;
    let last = infos.last().filter(|_| more);
    let next = last.map(|last| OwnedToken { owner: last.owner.clone(), ..token });
    let owners = infos.iter().map(owner).collect();
    Ok(ListOwnersResponse { header: Some(header), owners, next_page_token: text(next) })
}

/// `most` at most of what `find` finds in the store, and whether there are more.
async fn page<T: Send + 'static>(
    call: &Admitted,
    most: usize,
    find: impl FnOnce(&Reader, usize) -> Vec<T> + Send + 'static,
) -> Result<(ResponseHeader, (Vec<T>, bool)), Refusal> {
    let (header, Answer::Store(reader)) = call.read(Read::Store(0), false).await? else {
        return Err(Refusal::mismatch());
    };
    // One more than is wanted tells whether there are more.
    let mut found = call.at_length(move || find(&reader, most + 1)).await?;
    let more = found.len() > most;
    found.truncate(most);
    Ok((header, (found, more)))
}

fn read(call: &Admitted, asked: &[&str], text: &str) -> Result<OwnedToken, Refusal> {
    let cluster = call.admission().cluster_of(text)?;
    let request = XxHash3_64::oneshot(&[&cluster[..], asked.join(" ").as_bytes()].concat());
    if text.is_empty() {
        return Ok(OwnedToken { request, ..OwnedToken::default() });
    }
    let token = token::parse(text).filter(|token: &OwnedToken| token.request == request);
    token.ok_or_else(|| {
        let message = "the page token is not of this request: begin without one";
        Refusal::new(ErrorReason::InvalidPageToken, message)
    })
}

fn text(next: Option<OwnedToken>) -> String {
    next.map(|token| token::text(&token)).unwrap_or_default()
}

fn session(info: &SessionInfo) -> Session {
    Session {
        session_id: info.session,
        owner: String::from_utf8_lossy(&info.owner).into_owned(),
        ttl_ms: limits::in_ms(info.ttl),
        remaining_ms: limits::in_ms(info.left),
        held_answers: info.held,
        held_bytes: info.held_bytes,
    }
}

fn owner(info: &OwnerInfo) -> Owner {
    Owner {
        owner: String::from_utf8_lossy(&info.owner).into_owned(),
        sessions: info.sessions,
        leases: info.leases,
        generators: info.generators,
    }
}
