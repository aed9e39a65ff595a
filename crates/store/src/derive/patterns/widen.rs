//! Templates that differ in words alone become one.
//!
//! Masks know numbers and ids. Names that people chose (users, topics, hosts) are found by how many there are: where a
//! service has many templates of one length and beginning, the words that vary most are masked as well. This is the tree
//! of Drain (He et al., *Drain: An Online Log Parsing Approach with Fixed Depth Tree*, 2017), of depth two, over templates
//! instead of messages, and without its order of arrival.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{OTHER, Pattern};

/// Templates of one length and beginning that are left as they are.
const ALIKE_MAX: usize = 24;
/// What stands for a word that varies.
const ANY: &str = "<*>";

/// Masks words that vary much, and joins patterns that are the same then.
pub(super) fn widen(patterns: Vec<Pattern<'_>>) -> Vec<Pattern<'_>> {
    let mut texts: HashMap<usize, String> = HashMap::new();
    let mut groups: BTreeMap<(Option<&str>, usize, &str), Vec<usize>> = BTreeMap::new();
    for (at, pattern) in patterns.iter().enumerate().filter(|(_, pattern)| pattern.text != OTHER) {
        let mut words = pattern.text.split(' ');
        let first = words.next().unwrap_or_default();
        groups.entry((pattern.service, words.count(), first)).or_default().push(at);
    }
    for members in groups.values().filter(|members| members.len() > ALIKE_MAX) {
        texts.extend(masked(&patterns, members));
    }
    if texts.is_empty() {
        return patterns;
    }
    let mut out: Vec<Pattern<'_>> = Vec::with_capacity(patterns.len());
    let mut known: HashMap<(Option<&str>, i32, String), usize> = HashMap::new();
    for (at, mut pattern) in patterns.into_iter().enumerate() {
        if let Some(text) = texts.remove(&at) {
            pattern.text = text;
        }
        match known.get(&(pattern.service, pattern.severity, pattern.text.clone())) {
            Some(same) => out[*same].take(&pattern),
            None => {
                known.insert((pattern.service, pattern.severity, pattern.text.clone()), out.len());
                out.push(pattern);
            }
        }
    }
    out
}

/// The texts of some patterns of as many words, with the places masked that hold more words than may differ.
fn masked(patterns: &[Pattern<'_>], members: &[usize]) -> Vec<(usize, String)> {
    let words: Vec<Vec<&str>> = members.iter().map(|at| patterns[*at].text.split(' ').collect()).collect();
    let width = words.first().map_or(0, Vec::len);
    let varies: Vec<bool> =
        (0..width).map(|place| words.iter().map(|words| words[place]).collect::<HashSet<_>>().len() > ALIKE_MAX).collect();
    let text = |words: &[&str]| {
        let shown = words.iter().zip(&varies).map(|(word, varies)| if *varies { ANY } else { word });
        shown.collect::<Vec<_>>().join(" ")
    };
    members.iter().zip(&words).map(|(at, words)| (*at, text(words))).collect()
}
