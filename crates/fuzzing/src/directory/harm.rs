//! Damage to files at rest.

use arbitrary::Arbitrary;
use understudy_wal::sim::SimDisk;
use understudy_wal::{Disk, DiskFile};

/// Harm to one file of the kind that is looked at.
#[derive(Arbitrary, Debug)]
pub struct Harm {
    file: u8,
    what: What,
}

#[derive(Arbitrary, Debug)]
enum What {
    Set {
        at: u16,
        to: u8,
    },
    /// A whole word: numbers at their ends are where arithmetic fails.
    Word {
        at: u16,
        to: u64,
    },
    Overwrite {
        at: u16,
        with: Vec<u8>,
    },
    Zero {
        at: u16,
        bytes: u16,
    },
    Copy {
        from: u16,
        to: u16,
        bytes: u16,
    },
    Cut {
        to: u16,
    },
    Content(Vec<u8>),
    Remove,
    Rename {
        to: u8,
    },
    Double {
        to: u8,
    },
}

impl Harm {
    /// Whether it is no more than one byte, in its place.
    pub fn is_slight(&self) -> bool {
        matches!(self.what, What::Set { .. })
    }

    /// Whether there was a file to be harmed.
    pub fn inflict(self, disk: &SimDisk, kinds: &[&str]) -> bool {
        let is_of_kind = |name: &String| kinds.iter().any(|kind| name.starts_with(kind));
        let files: Vec<_> =
            disk.contents().into_iter().filter(|(name, _)| is_of_kind(name)).collect();
        if files.is_empty() {
            return false;
        }
        let (name, content) = files[usize::from(self.file) % files.len()].clone();
        match self.what {
            What::Remove => disk.remove(&name).expect("it is there"),
            What::Rename { to } => {
                put(disk, &name_of(&name, to), &content);
                if name_of(&name, to) != name {
                    disk.remove(&name).expect("it is there");
                }
            }
            What::Double { to } => put(disk, &name_of(&name, to), &content),
            other => put(disk, &name, &other.applied_to(content)),
        }
        true
    }
}

impl What {
    fn applied_to(self, mut content: Vec<u8>) -> Vec<u8> {
        let length = content.len();
        let place = |at: u16| if length == 0 { 0 } else { usize::from(at) % length };
        match self {
            What::Set { at, to } if length > 0 => content[place(at)] = to,
            What::Word { at, to } => write(&mut content, place(at), &to.to_le_bytes()),
            What::Overwrite { at, with } => write(&mut content, place(at), &with),
            What::Zero { at, bytes } => write(&mut content, place(at), &vec![0; bytes.into()]),
            What::Copy { from, to, bytes } => {
                let from = place(from);
                let piece = content[from..length.min(from + usize::from(bytes))].to_vec();
                write(&mut content, place(to), &piece);
            }
            What::Cut { to } => content.truncate(place(to)),
            What::Content(bytes) => content = bytes,
            _ => {}
        }
        content
    }
}

fn write(content: &mut Vec<u8>, at: usize, piece: &[u8]) {
    content.resize(content.len().max(at + piece.len()), 0);
    content[at..at + piece.len()].copy_from_slice(piece);
}

/// A name of the same kind with another last number.
fn name_of(name: &str, number: u8) -> String {
    match name.rsplit_once('-') {
        Some((front, back)) => format!("{front}-{number:0width$}", width = back.len()),
        None => name.into(),
    }
}

/// Writes a whole file, durably, in the place that it has: its inode stays.
pub fn put(disk: &SimDisk, name: &str, content: &[u8]) {
    let file = disk.open(name).or_else(|_| disk.create(name)).expect("the disk works");
    file.set_len(0).and_then(|()| file.write_at(content, 0)).expect("the disk works");
    file.sync().and_then(|()| disk.sync()).expect("the disk works");
}
