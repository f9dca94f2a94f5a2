//! Whole numbers without a limit, for prices: sums of marginals over a common denominator. Nearly always they fit
//! sixteen bytes; a few hundred different weights make a denominator of thousands of bits, and then they still must
//! be compared exactly.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A whole number of any size.
#[derive(Clone, PartialEq, Eq)]
pub struct Int(Form);

/// `Big` holds only what `Small` cannot, so that equal numbers have equal forms.
#[derive(Clone, PartialEq, Eq)]
enum Form {
    Small(i128),
    Big(Box<Big>),
}

/// Sign and magnitude, least significant digit first, no zero digit at the top.
#[derive(Clone, PartialEq, Eq)]
struct Big {
    negative: bool,
    digits: Vec<u32>,
}

impl Int {
    /// Zero.
    pub const ZERO: Self = Self(Form::Small(0));

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        if let (Form::Small(a), Form::Small(b)) = (&self.0, &other.0)
            && let Some(sum) = a.checked_add(*b)
        {
            return Self(Form::Small(sum));
        }
        let (a, b) = (self.big(), other.big());
        if a.negative == b.negative {
            return Big { negative: a.negative, digits: add(&a.digits, &b.digits) }.into();
        }
        match compare(&a.digits, &b.digits) {
            Ordering::Less => Big { negative: b.negative, digits: subtract(&b.digits, &a.digits) }.into(),
            _ => Big { negative: a.negative, digits: subtract(&a.digits, &b.digits) }.into(),
        }
    }

    /// The difference.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.plus(&other.negated())
    }

    /// The number with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        if let Form::Small(a) = self.0
            && let Some(negated) = a.checked_neg()
        {
            return Self(Form::Small(negated));
        }
        let big = self.big();
        Big { negative: !big.negative, digits: big.digits }.into()
    }

    /// The product.
    #[must_use]
    pub fn times(&self, factor: u64) -> Self {
        if let Form::Small(a) = self.0
            && let Some(product) = a.checked_mul(i128::from(factor))
        {
            return Self(Form::Small(product));
        }
        let big = self.big();
        let low = multiply(&big.digits, factor as u32);
        let mut high = multiply(&big.digits, (factor >> 32) as u32);
        high.insert(0, 0);
        Big { negative: big.negative, digits: add(&low, &high) }.into()
    }

    /// The quotient, rounded towards zero; `divisor` must not be 0 (a zero divisor gives zero).
    #[must_use]
    pub fn divided_by(&self, divisor: u32) -> Self {
        if divisor == 0 {
            return Self::ZERO;
        }
        if let Form::Small(a) = self.0 {
            return Self(Form::Small(a / i128::from(divisor)));
        }
        let mut big = self.big();
        let mut rest = 0u64;
        for digit in big.digits.iter_mut().rev() {
            let value = rest << 32 | u64::from(*digit);
            *digit = (value / u64::from(divisor)) as u32;
            rest = value % u64::from(divisor);
        }
        big.into()
    }

    /// The remainder of the magnitude.
    pub fn modulo(&self, divisor: u32) -> u32 {
        if divisor == 0 {
            return 0;
        }
        let rest = |rest: u64, &digit: &u32| (rest << 32 | u64::from(digit)) % u64::from(divisor);
        self.big().digits.iter().rev().fold(0, rest) as u32
    }

    fn big(&self) -> Big {
        match &self.0 {
            Form::Big(big) => (**big).clone(),
            Form::Small(a) => {
                let mut rest = a.unsigned_abs();
                let mut digits = Vec::with_capacity(4);
                while rest != 0 {
                    digits.push(rest as u32);
                    rest >>= 32;
                }
                Big { negative: *a < 0, digits }
            }
        }
    }
}

impl Default for Int {
    fn default() -> Self {
        Self::ZERO
    }
}

impl From<i128> for Int {
    fn from(number: i128) -> Self {
        Self(Form::Small(number))
    }
}

impl From<Big> for Int {
    fn from(mut big: Big) -> Self {
        while big.digits.last() == Some(&0) {
            big.digits.pop();
        }
        // 127 bits of magnitude fit; the one number of 128 bits that would also fit cannot arise twice as two forms,
        // because it is folded here too.
        if big.digits.len() <= 4 {
            let magnitude = big.digits.iter().rev().fold(0u128, |sum, &digit| sum << 32 | u128::from(digit));
            if let Ok(number) = i128::try_from(magnitude) {
                return Self(Form::Small(if big.negative { -number } else { number }));
            }
            if big.negative && magnitude == i128::MIN.unsigned_abs() {
                return Self(Form::Small(i128::MIN));
            }
        }
        Self(Form::Big(Box::new(big)))
    }
}

impl Ord for Int {
    fn cmp(&self, other: &Self) -> Ordering {
        if let (Form::Small(a), Form::Small(b)) = (&self.0, &other.0) {
            return a.cmp(b);
        }
        let (a, b) = (self.big(), other.big());
        match (a.negative, b.negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => compare(&a.digits, &b.digits),
            (true, true) => compare(&b.digits, &a.digits),
        }
    }
}

impl PartialOrd for Int {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Decimal when it fits sixteen bytes, hexadecimal with `0x` beyond.
impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Small(number) => write!(f, "{number}"),
            Form::Big(big) => {
                f.write_str(if big.negative { "-0x" } else { "0x" })?;
                let mut digits = big.digits.iter().rev();
                digits.next().map_or(Ok(()), |digit| write!(f, "{digit:x}"))?;
                digits.try_for_each(|digit| write!(f, "{digit:08x}"))
            }
        }
    }
}

/// A number of JSON where every reader can take it exactly, a string beyond.
impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Form::Small(number) if number.unsigned_abs() < 1 << 53 => serializer.serialize_i64(number as i64),
            _ => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(i128::from(number).into()),
            Written::Text(text) => read(&text).ok_or_else(|| serde::de::Error::custom("not a whole number")),
        }
    }
}

fn read(text: &str) -> Option<Int> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let Some(hex) = rest.strip_prefix("0x") else { return text.parse::<i128>().ok().map(Int::from) };
    if hex.is_empty() || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digits =
        hex.as_bytes().rchunks(8).map(|chunk| u32::from_str_radix(std::str::from_utf8(chunk).ok()?, 16).ok());
    Some(Big { negative, digits: digits.collect::<Option<_>>()? }.into())
}

fn compare(a: &[u32], b: &[u32]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn add(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut carry = 0;
    let mut sum: Vec<u32> = (0..a.len().max(b.len()))
        .map(|i| {
            let digit = |of: &[u32]| u64::from(of.get(i).copied().unwrap_or(0));
            let value = digit(a) + digit(b) + carry;
            carry = value >> 32;
            value as u32
        })
        .collect();
    if carry != 0 {
        sum.push(carry as u32);
    }
    sum
}

/// `a - b` where `a` is not below `b`.
fn subtract(a: &[u32], b: &[u32]) -> Vec<u32> {
    let mut borrow = 0;
    let digit = |i: usize, &of: &u32| {
        let value = i64::from(of) - i64::from(b.get(i).copied().unwrap_or(0)) - borrow;
        borrow = i64::from(value < 0);
        value as u32
    };
    let mut digit = digit;
    a.iter().enumerate().map(|(i, of)| digit(i, of)).collect()
}

fn multiply(a: &[u32], factor: u32) -> Vec<u32> {
    let mut carry = 0;
    let mut product: Vec<u32> = a
        .iter()
        .map(|&digit| {
            let value = u64::from(digit) * u64::from(factor) + carry;
            carry = value >> 32;
            value as u32
        })
        .collect();
    product.push(carry as u32);
    while product.last() == Some(&0) {
        product.pop();
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3^200 up and down again, through every operation.
    #[test]
    fn big_numbers_hold_their_value() {
        let power = (0..200).fold(Int::from(1), |power, _| power.times(3));
        let text = power.to_string();
        assert!(text.starts_with("0x"));
        assert_eq!(read(&text), Some(power.clone()));
        assert_eq!(read(&power.negated().to_string()), Some(power.negated()));
        assert_eq!(power.minus(&power), Int::ZERO);
        assert_eq!(power.plus(&power), power.times(2));
        assert_eq!(power.times(u64::MAX).minus(&power.times(u64::MAX - 5)), power.times(5));
        assert!(power.negated() < Int::ZERO && Int::ZERO < power && power < power.times(2));
        assert_eq!(power.modulo(9), 0);
        assert_eq!(power.plus(&Int::from(7)).modulo(9), 7);
        assert_eq!((0..200).fold(power, |power, _| power.divided_by(3)), Int::from(1));
    }

    #[test]
    fn the_edge_of_sixteen_bytes() {
        let (low, high) = (Int::from(i128::MIN), Int::from(i128::MAX));
        assert_eq!(high.plus(&Int::from(1)).negated(), low);
        assert_eq!(low.minus(&Int::from(1)).plus(&Int::from(1)), low);
        assert!(low.minus(&Int::from(1)) < low && high < high.plus(&Int::from(1)));
        assert_eq!(high.plus(&Int::from(1)).divided_by(2), Int::from(1 << 126));
    }
}
