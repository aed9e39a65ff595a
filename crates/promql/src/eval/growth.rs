//! `rate`, `increase` and `delta` of series of floats, in one pass over the steps.

use super::Grid;
use super::bodies::rates::Growth;
use super::bodies::windows::Border;
use super::evaluator::{Evaluated, Evaluator};
use super::selectors::{Ranges, falls};
use super::value::Points;
use crate::series::Series;

impl Evaluator<'_> {
    /// The growth of a series at every step; none where windows must be looked at one by one.
    pub fn growth(&mut self, ranges: &Ranges<'_>, series: &Series, growth: Growth, grid: Grid) -> Evaluated<Option<Points>> {
        if ranges.border != Border::Open || !series.histograms.times.is_empty() {
            return Ok(None);
        }
        let Some(slides) = ranges.slides(series, grid) else { return Ok(None) };
        let values = &series.floats.values;
        let resets = if growth.counter { falls(values) } else { Vec::new() };
        let range_seconds = ranges.range as f64 / 1000.0;
        let (mut points, mut samples, mut past) = (Points::new(grid.steps), 0, 0);
        for (step, ((first, behind), reach)) in slides.places.iter().zip(ranges.reaches(&slides, grid)).enumerate() {
            let (first, behind) = (*first as usize, *behind as usize);
            samples += (behind - first) as u64;
            let [start, .., last] = &values[first..behind] else { continue };
            let mut difference = last - start;
            // A fall counts when the sample before it is in the window too.
            while resets.get(past).is_some_and(|at| *at <= first) {
                past += 1;
            }
            for at in resets[past..].iter().take_while(|at| **at < behind) {
                difference += values[at - 1];
            }
            points.set_float(step, growth.of(*start, difference, reach, range_seconds));
        }
        self.statistics.samples_total += samples;
        self.worked(samples as usize + grid.steps)?;
        Ok(Some(points))
    }
}
