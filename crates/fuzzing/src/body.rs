//! Protobuf bodies whose lengths are true.

use arbitrary::{Result, Unstructured};

/// Messages in messages, at most.
const DEPTH: u32 = 6;

/// A body made out of bytes: in one that is changed at random the lengths of the messages in it are
/// no longer true, which would hide everything after them from a fuzzer.
pub fn body(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // Bytes that end too early end the body.
    let _ = message(&mut Unstructured::new(data), DEPTH, &mut out);
    out
}

fn message(source: &mut Unstructured<'_>, depth: u32, out: &mut Vec<u8>) -> Result<()> {
    while !source.is_empty() {
        let tag: u8 = source.arbitrary()?;
        let (field, what) = (u64::from(tag >> 3), tag & 7);
        match what {
            0 => number(field, source.arbitrary::<u8>()?.into(), out),
            1 => number(field, source.arbitrary::<u16>()?.into(), out),
            2 => number(field, source.arbitrary()?, out),
            3 => {
                varint(field << 3 | 1, out);
                out.extend_from_slice(&source.arbitrary::<[u8; 8]>()?);
            }
            4 => {
                let length = source.arbitrary::<u8>()?.into();
                bytes(field, source.bytes(length)?, out);
            }
            // Long enough to be beyond every limit on a key.
            5 => bytes(field, &vec![b'x'; usize::from(source.arbitrary::<u16>()? % 5000)], out),
            6 if depth > 0 => {
                let mut inner = Vec::new();
                let ended = message(source, depth - 1, &mut inner);
                bytes(field, &inner, out);
                ended?;
            }
            _ => return Ok(()),
        }
    }
    Ok(())
}

fn number(field: u64, value: u64, out: &mut Vec<u8>) {
    varint(field << 3, out);
    varint(value, out);
}

fn bytes(field: u64, content: &[u8], out: &mut Vec<u8>) {
    varint(field << 3 | 2, out);
    varint(content.len() as u64, out);
    out.extend_from_slice(content);
}

fn varint(value: u64, out: &mut Vec<u8>) {
    prost::encoding::encode_varint(value, out);
}
