//! Where the HTTP/2 frames in a client's bytes begin and end, before anything else reads them (RFC 9113,
//! section 4.1). Enough to count payload, and to see who begins what it does not end.

/// Bytes with which a client begins.
const PREFACE: u32 = 24;
/// Bytes before the payload of a frame.
const HEADER: usize = 9;

/// What the payload of a frame takes, at least, until a call has taken it (h2 counts the same for small ones).
const LEAST: usize = 256;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

/// Work that a frame makes, in bytes of payload that make as much.
const FRAME: usize = 256;
/// The same of each byte that is no payload (headers are unpacked).
const OTHER: usize = 16;
/// Bytes of headers that calls usually have, and the work of each byte beyond.
const USUAL: usize = 256;
const MORE: usize = 24;

/// What came of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Found {
    /// Bytes that the payload of calls takes, padding included.
    pub payload: usize,
    /// What is done with all of it, in bytes of payload for which as much is done.
    pub work: usize,
}

/// What the payload of a frame takes until a call has taken it.
pub(super) fn weight(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes.max(LEAST) }
}

/// How far a client's bytes have come.
pub(super) struct Frames {
    header: [u8; HEADER],
    /// Bytes of `header` that have come.
    have: usize,
    /// Bytes to come of the preface or of a payload.
    left: u32,
    kind: Kind,
    greeted: bool,
    /// Within the headers of one call, over several frames.
    within_headers: bool,
    /// Bytes of headers of the call that began last.
    headers: usize,
    whole: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Preface,
    Data,
    Headers,
    Other,
}

impl Default for Frames {
    fn default() -> Self {
        Frames {
            header: [0; HEADER],
            have: 0,
            left: PREFACE,
            kind: Kind::Preface,
            greeted: false,
            within_headers: false,
            headers: 0,
            whole: 0,
        }
    }
}

impl Frames {
    /// Takes note of bytes.
    pub fn read(&mut self, mut bytes: &[u8]) -> Found {
        let mut found = Found::default();
        while !bytes.is_empty() {
            if self.left > 0 {
                let count = bytes.len().min(self.left as usize);
                bytes = &bytes[count..];
                self.left -= count as u32;
                match self.kind {
                    Kind::Data => {
                        found.payload += count;
                        found.work += count;
                    }
                    Kind::Headers => {
                        let usual = count.min(USUAL.saturating_sub(self.headers));
                        self.headers += count;
                        found.work += OTHER * usual + MORE * (count - usual);
                    }
                    Kind::Preface | Kind::Other => found.work += OTHER * count,
                }
                if self.left == 0 {
                    self.end();
                }
                continue;
            }
            let count = bytes.len().min(HEADER - self.have);
            self.header[self.have..self.have + count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.have += count;
            if self.have == HEADER {
                found.payload += self.begin();
                found.work += FRAME;
            }
        }
        found
    }

    /// A frame begins; gives what it takes besides its payload.
    fn begin(&mut self) -> usize {
        let [high, middle, low, kind, flags, ..] = self.header;
        self.have = 0;
        self.left = u32::from_be_bytes([0, high, middle, low]);
        self.kind = match kind {
            DATA => Kind::Data,
            HEADERS | PUSH_PROMISE | CONTINUATION => Kind::Headers,
            _ => Kind::Other,
        };
        if self.kind == Kind::Headers {
            if !self.within_headers {
                self.headers = 0;
            }
            self.within_headers = flags & END_HEADERS == 0;
        }
        let bytes = self.left as usize;
        if self.left == 0 {
            self.end();
        }
        if self.kind == Kind::Data { weight(bytes) - bytes } else { 0 }
    }

    fn end(&mut self) {
        match self.kind {
            Kind::Preface => self.kind = Kind::Other,
            _ => self.greeted = true,
        }
        if !self.within_headers {
            self.whole += 1;
        }
    }

    /// Whether the client has said which protocol it speaks, and how.
    pub fn has_greeted(&self) -> bool {
        self.greeted
    }

    /// Whether something has begun that must not take long: a greeting, or anything but payload.
    pub fn is_within(&self) -> bool {
        !self.greeted
            || self.within_headers
            || self.have > 0
            || self.left > 0 && self.kind != Kind::Data
    }

    /// How much has come to its end: what is begun is another one when this has changed.
    pub fn whole(&self) -> u64 {
        self.whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = &(payload.len() as u32).to_be_bytes()[1..];
        [length, &[kind, flags, 0, 0, 0, 1], payload].concat()
    }

    fn greeting() -> Vec<u8> {
        [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(4, 0, &[])].concat()
    }

    #[test]
    fn a_greeting_is_the_preface_and_one_frame() {
        let mut frames = Frames::default();
        let greeting = greeting();
        let (last, before) = greeting.split_last().unwrap();
        frames.read(before);
        assert!(!frames.has_greeted() && frames.is_within());
        frames.read(&[*last]);
        assert!(frames.has_greeted() && !frames.is_within());
    }

    #[test]
    fn payload_is_counted_however_the_bytes_come() {
        let bytes = [
            greeting(),
            frame(HEADERS, END_HEADERS, b"names"),
            frame(DATA, 0, &[7; 300]),
            frame(DATA, 1, &[]),
            frame(DATA, 1, b"abc"),
        ]
        .concat();
        for size in [1, 2, 8, 9, 10, 100, bytes.len()] {
            let mut frames = Frames::default();
            let found: Vec<Found> = bytes.chunks(size).map(|chunk| frames.read(chunk)).collect();
            let payload: usize = found.iter().map(|found| found.payload).sum();
            let work: usize = found.iter().map(|found| found.work).sum();
            assert_eq!(payload, 300 + LEAST, "in chunks of {size}");
            assert_eq!(work, 5 * FRAME + (24 + 5) * OTHER + 303, "in chunks of {size}");
            assert!(!frames.is_within());
            assert_eq!(frames.whole(), 6);
        }
    }

    #[test]
    fn headers_in_many_frames_are_one_thing_that_has_begun() {
        let mut frames = Frames::default();
        frames.read(&greeting());
        let before = frames.whole();
        frames.read(&frame(HEADERS, 0, b"some"));
        frames.read(&frame(CONTINUATION, 0, b"more"));
        assert!(frames.is_within());
        assert_eq!(frames.whole(), before);
        frames.read(&frame(CONTINUATION, END_HEADERS, b"rest"));
        assert!(!frames.is_within() && frames.whole() > before);
    }

    #[test]
    fn many_headers_make_more_work_however_they_come() {
        let work = |frames: &[Vec<u8>]| {
            let mut read = Frames::default();
            read.read(&greeting());
            frames.iter().map(|frame| read.read(frame).work).sum::<usize>()
        };
        let many = work(&[frame(HEADERS, END_HEADERS, &[7; 1_000])]);
        assert_eq!(many, FRAME + USUAL * OTHER + (1_000 - USUAL) * MORE);
        let rest = frame(CONTINUATION, END_HEADERS, &[7; 600]);
        assert_eq!(work(&[frame(HEADERS, 0, &[7; 400]), rest]), many + FRAME);
        let few = frame(HEADERS, END_HEADERS, &[7; USUAL]);
        assert_eq!(work(&[few.clone(), few]), 2 * (FRAME + USUAL * OTHER));
    }

    #[test]
    fn payload_may_take_its_time() {
        let mut frames = Frames::default();
        frames.read(&greeting());
        frames.read(&frame(DATA, 0, &[1; 100])[..50]);
        assert!(!frames.is_within());
    }
}
