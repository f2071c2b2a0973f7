//! `KeyValueService.List`.

use bytes::Bytes;
use prost::Message;
use twox_hash::XxHash3_64;
use understudy_machine::{KeyRange, KeyValue, Listing, Mark, Order, Page, Reader};
use understudy_proto::kv::v1::list_request::Target;
use understudy_proto::kv::v1::{ErrorReason, ListOrder, ListRequest, ListResponse, ResponseHeader};

use super::admission::Admitted;
use super::page_token::PageToken;
use super::rpc::Rpc;
use super::{Answer, Read, RequestKind, get, limits, txn};
use crate::refusal::Refusal;

/// Keys of a page, if the client does not say.
const DEFAULT_PAGE: usize = 1_000;
/// Keys of a page, at most.
const LARGEST_PAGE: usize = 10_000;
/// Bytes at which a page is closed.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// A list that was found in order.
pub(crate) struct ListQuery {
    listing: Listing,
    count_only: bool,
    /// The revision to show; 0: the newest.
    revision: i64,
    /// The page after which to go on.
    token: Option<PageToken>,
    /// Stands for all that must be the same for the next page.
    request: u64,
    stale: bool,
}

impl Rpc for ListRequest {
    type Response = ListResponse;
    type Form = Box<ListQuery>;

    fn request(self, call: &Admitted) -> Result<(RequestKind, Box<ListQuery>), Refusal> {
        let cluster = call.admission().cluster_of(&self.page_token)?;
        let query = ListQuery::new(self, &cluster)?;
        Ok((RequestKind::read(Read::Store(query.revision), query.stale), Box::new(query)))
    }

    async fn response(
        query: Box<ListQuery>,
        call: &Admitted,
        header: ResponseHeader,
        answer: Answer,
    ) -> Result<ListResponse, Refusal> {
        match answer {
            Answer::Store(reader) if !query.takes_long() => query.answer(header, &reader),
            // What takes long is looked for outside the loop.
            Answer::Store(reader) => call.at_length(move || query.answer(header, &reader)).await?,
            _ => Err(Refusal::mismatch()),
        }
    }
}

impl ListQuery {
    /// What `request` asks of `cluster`.
    pub fn new(request: ListRequest, cluster: &[u8]) -> Result<ListQuery, Refusal> {
        let range = range(&request)?;
        let order = match ListOrder::try_from(request.order) {
            Ok(ListOrder::Unspecified | ListOrder::KeyAscending) => Order::Ascending,
            Ok(ListOrder::KeyDescending) => Order::Descending,
            Ok(ListOrder::NewestFirst) => Order::Newest,
            Err(_) => return Err(limits::missing(ErrorReason::InvalidField, "order")),
        };
        limits::at_least("revision", request.revision, 0)?;
        let limit = page_size(request.page_size)?;
        let stale = get::is_stale(request.consistency)?;
        let hash = hash(&request, cluster);
        let token = match request.page_token.is_empty() {
            true => None,
            false => Some(PageToken::read(&request.page_token, hash)?),
        };
        let revision = token.as_ref().map_or(request.revision, |token| token.revision);
        if request.revision != 0 && request.revision != revision {
            let message =
                "the page token belongs to another revision: repeat the request as it was";
            return Err(Refusal::new(ErrorReason::InvalidPageToken, message));
        }
        let after = token.as_ref().map(PageToken::mark);
        let keys_only = request.keys_only;
        let listing = Listing { range, order, after, limit, bytes: PAGE_BYTES, keys_only };
        Ok(ListQuery {
            listing,
            count_only: request.count_only,
            revision,
            token,
            request: hash,
            stale,
        })
    }

    /// Which revision to read; 0: the newest.
    pub fn revision(&self) -> i64 {
        self.revision
    }

    /// Whether it looks at every key of its range, not only at those of its page.
    fn takes_long(&self) -> bool {
        self.count_only || self.listing.order == Order::Newest
    }

    /// What the store, as it stood at that revision, says.
    pub fn answer(&self, header: ResponseHeader, reader: &Reader) -> Result<ListResponse, Refusal> {
        let newest = header.revision;
        let header = Some(ResponseHeader { revision: reader.revision(), ..header });
        let mark = reader.mark();
        if self.token.as_ref().is_some_and(|token| Some(token.mark) != mark) {
            return Err(Refusal::lineage_lost(newest));
        }
        if self.count_only {
            let count = txn::count(reader.count(&self.listing.range));
            return Ok(ListResponse { header, count, ..ListResponse::default() });
        }
        let Page { keys, more } = reader.list(&self.listing);
        let shown = (reader.revision(), mark.unwrap_or_default());
        let next = keys
            .last()
            .filter(|_| more)
            .map(|last| PageToken::after(&mark_of(last), shown, self.request).text());
        let next_page_token = next.unwrap_or_default();
        let kvs = keys.into_iter().map(txn::key_value).collect();
        Ok(ListResponse { header, kvs, next_page_token, count: 0 })
    }
}

/// How many things a page has at most; 0 stands for the default.
pub(crate) fn page_size(wanted: i32) -> Result<usize, Refusal> {
    limits::at_least("page_size", wanted.into(), 0)?;
    Ok(match wanted.unsigned_abs() as usize {
        0 => DEFAULT_PAGE,
        size => size.min(LARGEST_PAGE),
    })
}

fn mark_of(last: &KeyValue) -> Mark {
    Mark { key: last.key.clone(), mod_revision: last.mod_revision }
}

fn range(request: &ListRequest) -> Result<KeyRange, Refusal> {
    match &request.target {
        None => Ok(KeyRange::all()),
        Some(Target::Range(range)) => txn::range(range.clone()),
        Some(Target::Prefix(prefix)) => txn::prefix(prefix.clone()),
    }
}

/// Of the cluster and all of a request that must be the same for every page.
fn hash(request: &ListRequest, cluster: &[u8]) -> u64 {
    let same =
        ListRequest { revision: 0, page_size: 0, page_token: String::new(), ..request.clone() };
    let bytes: Bytes = [cluster, &same.encode_to_vec()].concat().into();
    XxHash3_64::oneshot(&bytes)
}
