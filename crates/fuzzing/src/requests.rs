//! Every request that the three services' ports decode, by its generated type.

use prost::Message;

/// Any body is decoded as every request there is, also of calls that nothing but the generated code
/// looks into: without a panic, and what was understood means the same when written again.
pub fn any_request(body: &[u8]) {
    for again in EVERY {
        again(body);
    }
}

macro_rules! requests {
    ($($kind:ident: $($request:ty),*;)*) => {
        const EVERY: &[fn(&[u8])] = &[$($(again::<$request>,)*)*];
    };
}

understudy_proto::every_request!(requests);

fn again<M: Message + Default>(body: &[u8]) {
    let Ok(request) = M::decode(body) else { return };
    let written = request.encode_to_vec();
    assert_eq!(written.len(), request.encoded_len());
    let read = M::decode(&written[..]).expect("it was just written");
    // Bytes, not fields: a number that is not one equals nothing.
    assert_eq!(read.encode_to_vec(), written);
}
