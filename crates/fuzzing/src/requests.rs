//! Every request that the three services' ports decode, by its generated type.

use prost::Message;
use understudy_proto::admin::v1 as admin;
use understudy_proto::kv::v1 as kv;
use understudy_proto::replication::v1 as replication;

/// Any body is decoded as every request there is, also of calls that nothing but the generated code
/// looks into: without a panic, and what was understood means the same when written again.
pub fn any_request(body: &[u8]) {
    for request in EVERY {
        (request.again)(body);
    }
}

struct Request {
    /// The name of its generated type.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test compares it with the contract"))]
    name: fn() -> &'static str,
    again: fn(&[u8]),
}

const fn of<M: Message + Default>() -> Request {
    Request { name: std::any::type_name::<M>, again: again::<M> }
}

const EVERY: &[Request] = &[
    of::<admin::StatusRequest>(),
    of::<admin::HandOverRequest>(),
    of::<admin::GetSettingsRequest>(),
    of::<admin::UpdateSettingsRequest>(),
    of::<admin::GetQuotaRequest>(),
    of::<admin::UpdateQuotaRequest>(),
    of::<admin::ListSessionsRequest>(),
    of::<admin::ListOwnersRequest>(),
    of::<admin::CompactRequest>(),
    of::<kv::PutRequest>(),
    of::<kv::GetRequest>(),
    of::<kv::DeleteRequest>(),
    of::<kv::ListRequest>(),
    of::<kv::TxnRequest>(),
    of::<kv::ExecuteRequest>(),
    of::<kv::WatchRequest>(),
    of::<kv::OpenSessionRequest>(),
    of::<kv::KeepSessionAliveRequest>(),
    of::<kv::CloseSessionRequest>(),
    of::<kv::GrantLeaseRequest>(),
    of::<kv::KeepLeaseAliveRequest>(),
    of::<kv::RevokeLeaseRequest>(),
    of::<kv::GetLeaseRequest>(),
    of::<kv::ListLeasesRequest>(),
    of::<kv::SeedRequest>(),
    of::<kv::RandomRequest>(),
    of::<kv::GetRandBitsRequest>(),
    of::<kv::RandBytesRequest>(),
    of::<kv::GetStateRequest>(),
    of::<kv::SetStateRequest>(),
    of::<kv::NowRequest>(),
    of::<replication::InquireRequest>(),
    of::<replication::ReplicateRequest>(),
];

fn again<M: Message + Default>(body: &[u8]) {
    let Ok(request) = M::decode(body) else { return };
    let written = request.encode_to_vec();
    assert_eq!(written.len(), request.encoded_len());
    let read = M::decode(&written[..]).expect("it was just written");
    // Bytes, not fields: a number that is not one equals nothing.
    assert_eq!(read.encode_to_vec(), written);
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::EVERY;

    #[test]
    fn every_call_of_the_contract_has_its_request_here() {
        let set = FileDescriptorSet::decode(understudy_proto::FILE_DESCRIPTOR_SET).unwrap();
        let services = set.file.iter().flat_map(|file| &file.service);
        let calls = services.flat_map(|service| &service.method);
        // `.understudy.kv.v1.PutRequest` is `understudy_proto::kv::v1::PutRequest`.
        let wanted = |name: &str| name.replace(".understudy.", "understudy_proto::");
        let mut wanted: Vec<_> =
            calls.map(|call| wanted(call.input_type()).replace('.', "::")).collect();
        let mut found: Vec<_> = EVERY.iter().map(|request| (request.name)().to_owned()).collect();
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted);
    }
}
