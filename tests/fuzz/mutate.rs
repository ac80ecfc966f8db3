//! Mutations of an input, the same for the same seed.

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    fn pick<'c, T: ?Sized>(&mut self, choices: &[&'c T]) -> &'c T {
        choices[self.below(choices.len())]
    }
}

/// What readers stumble over.
const AWKWARD: [&str; 32] = [
    "0",
    "-1",
    "-0.0",
    "1e308",
    "1e-308",
    "1e999",
    "NaN",
    ".inf",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775808",
    "4294967296",
    "999999999999999999999999",
    "0.1.2",
    "",
    " ",
    "\n",
    "\"",
    "'",
    "[",
    "{",
    "}",
    "- ",
    ": ",
    "&a",
    "*a",
    "<<: *a",
    "null",
    "~",
    "\u{0}",
    "\u{feff}",
    "\u{1F600}",
];

/// `input` with one to four changes; words may come from `other`.
pub fn mutated(input: &[u8], other: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(4) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(8) {
            0 if !bytes.is_empty() => {
                let at = dice.below(bytes.len());
                bytes[at] ^= 1 << dice.below(8);
            }
            1 => bytes.insert(at, dice.next() as u8),
            2 => {
                let end = bytes.len().min(at + dice.below(40));
                bytes.drain(at..end);
            }
            3 => {
                let end = bytes.len().min(at + dice.below(200));
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            4 => bytes.truncate(at),
            5 => {
                let word = word_near(&bytes, at);
                bytes.splice(word, dice.pick(&AWKWARD).bytes());
            }
            6 => {
                let word = word_near(&bytes, at);
                let from = word_near(other, dice.below(other.len() + 1));
                bytes.splice(word, other[from].iter().copied());
            }
            _ => bytes.splice(at..at, dice.pick(&AWKWARD).bytes()).for_each(drop),
        }
    }
    bytes
}

/// The word that a place is in or behind.
fn word_near(bytes: &[u8], at: usize) -> std::ops::Range<usize> {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    let start = bytes[..at].iter().rposition(|byte| !part(byte)).map_or(0, |last| last + 1);
    let length = bytes[start..].iter().position(|byte| !part(byte));
    start..length.map_or(bytes.len(), |length| start + length)
}
