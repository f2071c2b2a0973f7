//! Which segments of a directory belong to its log.

use understudy_protocol::{ClusterId, Index, Position};

use super::segment::{HEADER, Header, Segment};
use crate::disk::{Disk, DiskFile};
use crate::error::{Damage, OpenError};
use crate::listing::Sequence;

/// What state and snapshot say about the log before it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lineage {
    /// Zero while the directory is blank.
    pub cluster: ClusterId,
    pub generation: u64,
    /// The end of the newest snapshot, or the zero position.
    pub base: Position,
    /// The log was durable up to here.
    pub floor: Index,
    /// What lies after this index is being cut.
    pub cut: Option<Index>,
}

/// What is to be done with a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Belonging {
    Kept,
    /// An installed snapshot stands for it.
    Superseded,
}

/// A segment file with its header.
pub(crate) struct Found<F> {
    pub name: String,
    pub file: F,
    pub header: Header,
    pub length: u64,
}

impl<F: DiskFile> Found<F> {
    /// Reads the header of an open file.
    pub fn read(name: &str, sequence: Sequence, file: F) -> Result<Self, OpenError> {
        let io = || OpenError::io(format!("read {name}"));
        let bytes = file.read_vec(0, HEADER as usize).map_err(io())?;
        let length = file.len().map_err(io())?;
        let header = Header::decode(&bytes).map_err(|broken| broken.of(name))?;
        if header.sequence != sequence {
            let why = format!("its header is that of segment {}", header.sequence);
            return Err(Damage::new(name, 0, header.previous.index + 1, why).into());
        }
        Ok(Found { name: name.into(), file, header, length })
    }

    /// The whole file.
    pub fn bytes(&self) -> Result<bytes::Bytes, OpenError> {
        let bytes = self.file.read_vec(0, self.length as usize);
        Ok(bytes.map_err(OpenError::io(format!("read {}", self.name)))?.into())
    }

    pub fn into_segment(self, offsets: Vec<u32>, end: u64) -> Segment<F> {
        let Found { name, file, header, length } = self;
        Segment { name, file, header, offsets, end, filled: length }
    }
}

impl Lineage {
    /// Whether a segment belongs to the log.
    pub fn judge<F>(&self, found: &Found<F>) -> Result<Belonging, OpenError> {
        let header = &found.header;
        if header.cluster != ClusterId(0) && header.cluster != self.cluster {
            return Err(OpenError::AnotherCluster {
                file: found.name.clone(),
                found: header.cluster,
                expected: self.cluster,
            });
        }
        if header.generation > self.generation {
            let why = "the snapshot that this segment goes on from is missing";
            return Err(Damage::new(&found.name, 0, header.previous.index + 1, why).into());
        }
        Ok(match header.generation == self.generation {
            true => Belonging::Kept,
            false => Belonging::Superseded,
        })
    }

    /// Whether the log is the one that snapshot and state speak of: its oldest segment by name and
    /// first index, and its position where the snapshot ends.
    pub fn check(
        &self,
        oldest: Option<(&str, Index)>,
        at_base: Option<Position>,
    ) -> Result<(), Damage> {
        let base = self.base.index;
        let Some((name, first)) = oldest else {
            let why = format!("no segment, though the log was durable up to entry {}", self.floor);
            let missing = Damage::new("segment-*", 0, base + 1, why);
            return if self.floor > base { Err(missing) } else { Ok(()) };
        };
        if first > base + 1 {
            let why = format!("the log begins at entry {first}, what is before is missing");
            return Err(Damage::new(name, 0, base + 1, why));
        }
        if at_base != Some(self.base) {
            let why = "the log and the snapshot that ends at this entry do not fit";
            return Err(Damage::new(name, 0, base, why));
        }
        Ok(())
    }

    /// The segments of the log, oldest first, and those that only wait to be removed.
    #[allow(clippy::type_complexity)]
    pub fn sort_out<F>(
        &self,
        all: Vec<Found<F>>,
    ) -> Result<(Vec<Found<F>>, Vec<Found<F>>), OpenError> {
        let (mut kept, mut superseded) = (Vec::new(), Vec::new());
        for found in all {
            match self.judge(&found)? {
                Belonging::Kept => kept.push(found),
                Belonging::Superseded => superseded.push(found),
            }
        }
        if let Some(after) = self.cut {
            while kept.len() > 1
                && let Some(cut) = kept.pop_if(|found| found.header.previous.index > after)
            {
                superseded.push(cut);
            }
        }
        Ok((kept, superseded))
    }
}

/// Opens every segment of the listing.
pub(crate) fn find<D: Disk>(
    disk: &D,
    segments: &[(Sequence, String)],
) -> Result<Vec<Found<D::File>>, OpenError> {
    let open = |(sequence, name): &(Sequence, String)| {
        let file = disk.open(name).map_err(OpenError::io(format!("open {name}")))?;
        Found::read(name, *sequence, file)
    };
    segments.iter().map(open).collect()
}
