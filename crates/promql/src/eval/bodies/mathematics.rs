//! Functions of floats that differ from those of the standard library, and sums without lost digits.

/// -1, 0 or 1; zeros and NaN stay what they are.
pub(crate) fn sign(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

/// Inverse hyperbolic cosine; NaN below 1.
pub(crate) fn acosh(value: f64) -> f64 {
    if value < 1.0 { f64::NAN } else { value.acosh() }
}

/// The larger of two; infinity before NaN, NaN before everything else.
pub(crate) fn larger(a: f64, b: f64) -> f64 {
    if a == f64::INFINITY || b == f64::INFINITY {
        f64::INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.max(b)
    }
}

/// The smaller of two; negative infinity before NaN, NaN before everything else.
pub(crate) fn smaller(a: f64, b: f64) -> f64 {
    -larger(-a, -b)
}

/// A sum that keeps the digits each addition loses (Kahan's method in Neumaier's form).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    total: f64,
    lost: f64,
}

impl Sum {
    pub fn of(value: f64) -> Self {
        Self { total: value, lost: 0.0 }
    }

    #[inline]
    pub fn add(&mut self, value: f64) {
        let next = self.total + value;
        if next.is_infinite() {
            self.lost = 0.0;
        } else if self.total.abs() >= value.abs() {
            self.lost += (self.total - next) + value;
        } else {
            self.lost += (value - next) + self.total;
        }
        self.total = next;
    }

    pub fn value(self) -> f64 {
        if self.total.is_infinite() { self.total } else { self.total + self.lost }
    }
}

/// A mean that stays finite where the sum would not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mean {
    sum: Sum,
    count: f64,
    /// Once the sum overflowed: the mean of what came before.
    running: Option<Sum>,
}

impl Mean {
    pub fn of(value: f64) -> Self {
        Self { sum: Sum::of(value), count: 1.0, running: None }
    }

    pub fn add(&mut self, value: f64) {
        let before = self.count;
        self.count += 1.0;
        if self.running.is_none() {
            let mut next = self.sum;
            next.add(value);
            if !next.total.is_infinite() {
                self.sum = next;
                return;
            }
            if self.sum.total.is_infinite() || value.is_infinite() {
                // True infinities give what arithmetic says of them.
                self.sum = next;
                return;
            }
            self.running = Some(Sum { total: self.sum.total / before, lost: self.sum.lost / before });
        }
        if let Some(mean) = &mut self.running {
            // The old mean shrinks by its weight, so that no difference of large numbers is formed.
            let weight = before / self.count;
            *mean = Sum { total: mean.total * weight, lost: mean.lost * weight };
            mean.add(value / self.count);
        }
    }

    pub fn value(self) -> f64 {
        match self.running {
            Some(mean) => mean.value(),
            None => self.sum.value() / self.count,
        }
    }
}

/// Mean and variance in one pass (Welford's method).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Variance {
    count: f64,
    mean: Sum,
    squares: Sum,
}

impl Variance {
    #[inline]
    pub fn add(&mut self, value: f64) {
        self.count += 1.0;
        let delta = value - self.mean.value();
        self.mean.add(delta / self.count);
        self.squares.add(delta * (value - self.mean.value()));
    }

    /// Of all values, not of a sample of them.
    pub fn value(self) -> f64 {
        self.squares.value() / self.count
    }
}

/// The q-quantile of values, interpolated between neighbours; NaN counts as smallest.
pub(crate) fn quantile(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    values.sort_unstable_by(|a, b| nan_first(*a, *b));
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor().max(0.0);
    let upper = (lower as usize + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower as usize] * (1.0 - weight) + values[upper] * weight
}

/// Ascending, NaN before everything.
pub(crate) fn nan_first(a: f64, b: f64) -> std::cmp::Ordering {
    b.is_nan().cmp(&a.is_nan()).then_with(|| a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_means_keep_digits() {
        let mut sum = Sum::default();
        for value in [1.0, 1e100, 1.0, -1e100] {
            sum.add(value);
        }
        assert_eq!(sum.value(), 2.0);
        let mut mean = Mean::of(1e308);
        mean.add(1e308);
        mean.add(1e308);
        assert!((mean.value() / 1e308 - 1.0).abs() < 1e-12, "{}", mean.value());
        let mut infinite = Mean::of(1.0);
        infinite.add(f64::INFINITY);
        assert_eq!(infinite.value(), f64::INFINITY);
        infinite.add(f64::NEG_INFINITY);
        assert!(infinite.value().is_nan());
    }

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(0.5, &mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(quantile(0.75, &mut [0.0, 1.0]), 0.75);
        assert!(quantile(0.0, &mut [1.0, f64::NAN]).is_nan());
        assert_eq!(quantile(1.0, &mut [1.0, f64::NAN]), 1.0);
    }
}
