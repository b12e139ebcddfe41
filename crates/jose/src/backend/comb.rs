//! Multiples of a point that stays: with them, multiplying it takes an eighth of the doublings, and the additions that are left
//! are looked up.
//!
//! It composes the group operations of `curve25519-dalek` and adds none of its own. Its time depends on the scalar, so it is for
//! public numbers only: signatures that are verified.

use core::iter::successors;

use curve25519_dalek::traits::Identity;
use curve25519_dalek::{EdwardsPoint, Scalar};

/// A scalar in base 64 has this many digits, of which the last is always 0, 1 or 2: scalars are below 2^253.
const DIGITS: usize = 44;
/// Every so many digits there is a row. Fewer rows take less memory (5 KiB each) and more doublings.
const STRIDE: usize = 8;
const ROWS: usize = DIGITS.div_ceil(STRIDE);

/// For a point P the multiples 1 to 32 of P, 64^8·P, 64^16·P, …: 30 KiB.
pub(super) struct Comb(Box<[Row]>);

/// The multiples 1 to 32 of one point.
type Row = [EdwardsPoint; 32];

impl Comb {
    pub(super) fn new(point: &EdwardsPoint) -> Self {
        let starts = successors(Some(*point), |start| Some(skip_digits(start, STRIDE)));
        Self(starts.take(ROWS).map(row).collect())
    }

    /// Adds what the digits of one column stand for: each digit times the start of its row.
    #[expect(clippy::arithmetic_side_effects, reason = "group operations cannot overflow")]
    fn add_column(&self, sum: EdwardsPoint, digits: &[Digit; DIGITS], column: usize) -> EdwardsPoint {
        let digits = digits.iter().skip(column).step_by(STRIDE);
        self.0.iter().zip(digits).fold(sum, |sum, (row, digit)| match row.get(digit.index) {
            Some(multiple) if digit.negative => sum - multiple,
            Some(multiple) => sum + multiple,
            None => sum,
        })
    }
}

#[expect(clippy::arithmetic_side_effects, reason = "group operations cannot overflow")]
fn row(start: EdwardsPoint) -> Row {
    let mut multiple = EdwardsPoint::identity();
    core::array::from_fn(|_| {
        multiple += start;
        multiple
    })
}

/// `[a]P + [b]Q`.
pub(super) fn double_mul((a, p): (&Scalar, &Comb), (b, q): (&Scalar, &Comb)) -> EdwardsPoint {
    let (a, b) = (digits(a), digits(b));
    let add_columns = |sum, column| q.add_column(p.add_column(sum, &a, column), &b, column);
    let last = add_columns(EdwardsPoint::identity(), STRIDE.saturating_sub(1));
    (0..STRIDE.saturating_sub(1)).rev().fold(last, |sum, column| add_columns(skip_digits(&sum, 1), column))
}

/// `64^count` times the point. The cofactor is 8, and multiplying by it is three doublings.
fn skip_digits(point: &EdwardsPoint, count: usize) -> EdwardsPoint {
    (0..count).fold(*point, |point, _| point.mul_by_cofactor().mul_by_cofactor())
}

/// A digit from -31 to 32, as the place of its magnitude in a row; zero has none.
#[derive(Clone, Copy)]
struct Digit {
    index: usize,
    negative: bool,
}

/// The digits in base 64, the least first. One above 32 becomes negative and carries, so that rows are half as long.
fn digits(scalar: &Scalar) -> [Digit; DIGITS] {
    let mut digits = [Digit { index: usize::MAX, negative: false }; DIGITS];
    let mut bytes = [0; 33];
    bytes.iter_mut().zip(scalar.as_bytes()).for_each(|(to, from)| *to = *from);
    let mut carry = 0;
    for (four, three) in digits.chunks_exact_mut(4).zip(bytes.chunks_exact(3)) {
        let mut bits = three.iter().rev().fold(0, |bits, byte| bits << 8 | usize::from(*byte));
        for digit in four {
            let value = (bits & 63).wrapping_add(carry);
            let negative = value > 32;
            let magnitude = if negative { 64_usize.wrapping_sub(value) } else { value };
            *digit = Digit { index: magnitude.wrapping_sub(1), negative };
            carry = usize::from(negative);
            bits >>= 6;
        }
    }
    digits
}

#[cfg(test)]
mod tests {
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use proptest::prelude::*;

    use super::*;

    fn check(a: [u8; 64], b: [u8; 64], p: &EdwardsPoint) {
        let (a, b) = (Scalar::from_bytes_mod_order_wide(&a), Scalar::from_bytes_mod_order_wide(&b));
        let (comb, base) = (Comb::new(p), Comb::new(&ED25519_BASEPOINT_POINT));
        let theirs = EdwardsPoint::vartime_double_scalar_mul_basepoint(&a, p, &b);
        assert_eq!(double_mul((&a, &comb), (&b, &base)), theirs);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn multiplies_as_the_library_does(a: [u8; 32], b: [u8; 32], p: [u8; 32], torsion in 0..8_usize) {
            let wide = |half: [u8; 32]| core::array::from_fn(|at| half[at % 32]);
            let point = EdwardsPoint::mul_base_clamped(p) + EIGHT_TORSION[torsion];
            check(wide(a), wide(b), &point);
        }
    }

    /// The greatest scalar, small ones, and ones whose every digit is at a border.
    #[test]
    fn digits_at_the_borders_multiply_as_the_library_does() {
        let point = EdwardsPoint::mul_base_clamped([9; 32]);
        let greatest = (Scalar::ZERO - Scalar::ONE).to_bytes();
        let of = |bytes: [u8; 32]| core::array::from_fn(|at| *bytes.get(at).unwrap_or(&0));
        let repeated = |three: [u8; 3]| {
            let mut bytes: [u8; 32] = core::array::from_fn(|at| three[at % 3]);
            bytes[31] &= 0x0F;
            of(bytes)
        };
        let borders = [0, 31, 32, 33, 63].map(|digit: u32| {
            let bits = digit | digit << 6 | digit << 12 | digit << 18;
            let [a, b, c, _] = bits.to_le_bytes();
            repeated([a, b, c])
        });
        for a in borders.into_iter().chain([of(greatest), of(Scalar::from(32_u8).to_bytes())]) {
            for b in borders {
                check(a, b, &point);
            }
        }
    }
}
