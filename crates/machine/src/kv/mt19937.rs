//! The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998; `mt19937ar.c` of 2002), drawn from as
//! CPython's `Modules/_randommodule.c` does, bit for bit.

use std::sync::Arc;

/// Words of state.
pub(crate) const WORDS: usize = 624;
const MIDDLE: usize = 397;
const MATRIX: u32 = 0x9908_b0df;
const UPPER: u32 = 0x8000_0000;

/// A generator. A clone is O(1); whichever is drawn from first copies its state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Mt19937 {
    words: Arc<[u32; WORDS]>,
    /// How many words have been used.
    position: usize,
}

impl Mt19937 {
    /// As `random.seed(n)` of an integer with this absolute value, big-endian.
    pub fn seeded(magnitude: &[u8]) -> Self {
        let mut key: Vec<u32> = magnitude
            .rchunks(4)
            .map(|word| word.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
            .collect();
        while key.len() > 1 && key.last() == Some(&0) {
            key.pop();
        }
        if key.is_empty() {
            key.push(0);
        }
        Mt19937 { words: Arc::new(by_array(&key)), position: WORDS }
    }

    /// The generator in a state, if there is such a one.
    pub fn in_state(words: &[u32], position: u64) -> Option<Self> {
        let words: &[u32; WORDS] = words.try_into().ok()?;
        let moves = words[0] & UPPER != 0 || words[1..].iter().any(|word| *word != 0);
        let position = usize::try_from(position).ok().filter(|position| *position <= WORDS)?;
        moves.then(|| Mt19937 { words: Arc::new(*words), position })
    }

    /// Its state.
    pub fn state(&self) -> (&[u32], u64) {
        (&self.words[..], self.position as u64)
    }

    /// As `random.random()`: 53 bits.
    pub fn float(&mut self) -> f64 {
        let (high, low) = (self.word() >> 5, self.word() >> 6);
        (f64::from(high) * 67_108_864.0 + f64::from(low)) / 9_007_199_254_740_992.0
    }

    /// As `random.getrandbits(k)`, big-endian, in as many bytes as hold `k` bits.
    pub fn bits(&mut self, k: usize) -> Vec<u8> {
        // The first word drawn is the lowest.
        let mut low_first = Vec::with_capacity(k.div_ceil(32) * 4);
        for at in 0..k.div_ceil(32) {
            let unused = 32 - (k - at * 32).min(32);
            low_first.extend((self.word() >> unused).to_le_bytes());
        }
        low_first.truncate(k.div_ceil(8));
        low_first.reverse();
        low_first
    }

    /// As `random.randbytes(n)`.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = self.bits(n * 8);
        bytes.reverse();
        bytes
    }

    fn word(&mut self) -> u32 {
        if self.position == WORDS {
            twist(Arc::make_mut(&mut self.words));
            self.position = 0;
        }
        let mut word = self.words[self.position];
        self.position += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9d2c_5680;
        word ^= word << 15 & 0xefc6_0000;
        word ^ word >> 18
    }
}

fn twist(words: &mut [u32; WORDS]) {
    for at in 0..WORDS {
        let mixed = words[at] & UPPER | words[(at + 1) % WORDS] & !UPPER;
        let odd = if mixed & 1 == 1 { MATRIX } else { 0 };
        words[at] = words[(at + MIDDLE) % WORDS] ^ mixed >> 1 ^ odd;
    }
}

/// `init_genrand`.
fn by_number(seed: u32) -> [u32; WORDS] {
    let mut words = [seed; WORDS];
    for at in 1..WORDS {
        let before = words[at - 1];
        words[at] = (before ^ before >> 30).wrapping_mul(1_812_433_253).wrapping_add(at as u32);
    }
    words
}

/// `init_by_array`.
fn by_array(key: &[u32]) -> [u32; WORDS] {
    let mut words = by_number(19_650_218);
    let (mut i, mut j) = (1, 0);
    let step = |words: &mut [u32; WORDS], i: &mut usize, factor: u32, add: u32| {
        let before = words[*i - 1];
        words[*i] = (words[*i] ^ (before ^ before >> 30).wrapping_mul(factor)).wrapping_add(add);
        *i += 1;
        if *i == WORDS {
            words[0] = words[WORDS - 1];
            *i = 1;
        }
    };
    for _ in 0..WORDS.max(key.len()) {
        step(&mut words, &mut i, 1_664_525, key[j].wrapping_add(j as u32));
        j = (j + 1) % key.len();
    }
    for _ in 1..WORDS {
        let subtract = (i as u32).wrapping_neg();
        step(&mut words, &mut i, 1_566_083_941, subtract);
    }
    words[0] = UPPER;
    words
}
