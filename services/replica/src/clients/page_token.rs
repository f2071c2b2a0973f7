//! What leads from one page of a list to the next.

use bytes::Bytes;
use understudy_machine::Mark;
use understudy_proto::kv::v1::ErrorReason;

use super::token;
use crate::refusal::Refusal;

/// Where a list got to, and of which list that is true. Clients see it as hex digits and know no more.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct PageToken {
    /// The revision that all pages show.
    #[prost(int64, tag = "1")]
    pub revision: i64,
    /// The running digest as of it: the same number on a tail that was cut is another revision.
    #[prost(fixed64, tag = "2")]
    pub mark: u64,
    /// The last key of the page before.
    #[prost(bytes = "bytes", tag = "3")]
    pub key: Bytes,
    /// The revision of its version.
    #[prost(int64, tag = "4")]
    pub mod_revision: i64,
    /// Of the cluster and of what was asked for.
    #[prost(fixed64, tag = "5")]
    pub request: u64,
}

impl PageToken {
    /// After `last`, the last key of a page.
    pub fn after(last: &Mark, (revision, mark): (i64, u64), request: u64) -> Self {
        let (key, mod_revision) = (last.key.clone(), last.mod_revision);
        PageToken { revision, mark, key, mod_revision, request }
    }

    /// As clients get it.
    pub fn text(&self) -> String {
        token::text(self)
    }

    /// What a client gave back; `request` stands for what it asks for now.
    pub fn read(text: &str, request: u64) -> Result<PageToken, Refusal> {
        let refuse = |why| Refusal::new(ErrorReason::InvalidPageToken, why);
        let token: PageToken = token::parse(text)
            .ok_or_else(|| refuse("the page token is not one of ours: begin without one"))?;
        if token.request != request {
            return Err(refuse(
                "the page token belongs to another request or cluster: repeat the request as it was",
            ));
        }
        Ok(token)
    }

    /// Where to go on.
    pub fn mark(&self) -> Mark {
        Mark { key: self.key.clone(), mod_revision: self.mod_revision }
    }
}
