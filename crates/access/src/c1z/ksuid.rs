//! KSUIDs: the names of syncs.

use std::fmt;

use rollcall_domain::clock::Timestamp;

/// Seconds since 1970 at which KSUIDs begin to count.
const EPOCH: i64 = 1_400_000_000;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 27;

/// 4 bytes of seconds and 16 random bytes; printed as 27 digits and letters that sort by time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ksuid([u8; 20]);

impl Ksuid {
    /// The name of something that begins now.
    pub fn new(now: Timestamp, random: [u8; 16]) -> Self {
        let seconds = u32::try_from(now.0.div_euclid(1_000) - EPOCH).unwrap_or_default();
        let mut bytes = [0; 20];
        let (time, rest) = bytes.split_at_mut(4);
        time.copy_from_slice(&seconds.to_be_bytes());
        rest.copy_from_slice(&random);
        Self(bytes)
    }
}

/// Base 62 of the 20 bytes as one number, with zeros before it.
impl fmt::Display for Ksuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut number = self.0;
        let mut text = [b'0'; LENGTH];
        for digit in text.iter_mut().rev() {
            let mut rest = 0_u32;
            for byte in &mut number {
                let value = rest << 8 | u32::from(*byte);
                *byte = u8::try_from(value / 62).unwrap_or_default();
                rest = value % 62;
            }
            *digit = DIGITS.get(rest as usize).copied().unwrap_or(b'0');
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for Ksuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ksuid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_base_62_of_time_and_randomness() {
        let at = |seconds: i64| Timestamp((EPOCH + seconds) * 1_000);
        assert_eq!(Ksuid::new(at(0), [0; 16]).to_string(), "0".repeat(27));
        // The largest of all: 2^160 - 1.
        assert_eq!(Ksuid::new(at(i64::from(u32::MAX)), [255; 16]).to_string(), "aWgEPTl1tmebfsQzFP4bxwgy80V");
        let mut one = [0; 16];
        one[15] = 61;
        assert_eq!(Ksuid::new(at(0), one).to_string(), format!("{}z", "0".repeat(26)));
        one[15] = 62;
        assert_eq!(Ksuid::new(at(0), one).to_string(), format!("{}10", "0".repeat(25)));
    }

    #[test]
    fn later_ones_sort_later() {
        let earlier = Ksuid::new(Timestamp(1_700_000_000_000), [255; 16]);
        let later = Ksuid::new(Timestamp(1_700_000_001_000), [0; 16]);
        assert!(earlier.to_string() < later.to_string());
    }
}
