//! Templates that differ in words alone become one.
//!
//! Masks know numbers and ids. Names that people chose (users, topics, hosts) are found by how many there are: where a
//! service has many templates of one length and beginning, the places whose words vary most are masked, until few
//! templates are left. This is the tree of Drain (He et al., *Drain: An Online Log Parsing Approach with Fixed Depth Tree*, 2017), of depth two, over templates
//! instead of messages, and without its order of arrival.

use std::borrow::Cow;
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
        let mut words = words(&pattern.text);
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
        if let Some(same) = known.get(&(pattern.service, pattern.severity, pattern.text.clone())) {
            out[*same].take(&pattern);
        } else {
            known.insert((pattern.service, pattern.severity, pattern.text.clone()), out.len());
            out.push(pattern);
        }
    }
    out
}

/// Words with the space or comma behind them, so that members of JSON are apart.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive([' ', ','])
}

/// The texts of some patterns of as many words, with those places masked whose words vary most: as many as it takes.
fn masked(patterns: &[Pattern<'_>], members: &[usize]) -> Vec<(usize, String)> {
    let mut all: Vec<Vec<Cow<'_, str>>> =
        members.iter().map(|at| words(&patterns[*at].text).map(Cow::Borrowed).collect()).collect();
    let width = all.first().map_or(0, Vec::len);
    // The first word is the same in all.
    let mut places: Vec<(usize, usize)> = (1..width).map(|place| (different(&all, place), place)).collect();
    places.sort_unstable_by_key(|(words, place)| (std::cmp::Reverse(*words), *place));
    for (_, place) in places.into_iter().filter(|(words, _)| *words > 1) {
        for words in &mut all {
            words[place] = Cow::Owned(without_value(&words[place]));
        }
        if all.iter().collect::<HashSet<_>>().len() <= ALIKE_MAX {
            break;
        }
    }
    members.iter().zip(&all).map(|(at, words)| (*at, words.concat())).collect()
}

/// Whether words of a pattern are masked.
pub(super) fn is_wide(pattern: &str) -> bool {
    pattern.contains(ANY)
}

/// Whether a pattern is a template with words masked.
pub(super) fn is_widened(template: &str, pattern: &str) -> bool {
    let (mut of_template, mut of_pattern) = (words(template), words(pattern));
    loop {
        match (of_template.next(), of_pattern.next()) {
            (None, None) => return true,
            (Some(word), Some(other)) if word == other || without_value(word) == other => {}
            _ => return false,
        }
    }
}

/// How many different words stand at a place.
fn different(all: &[Vec<Cow<'_, str>>], place: usize) -> usize {
    all.iter().map(|words| &words[place]).collect::<HashSet<_>>().len()
}

/// A word with its key, as in `key=value` and `"key":"value"`, and with what stands behind it.
fn without_value(word: &str) -> String {
    let key = word.find(['=', ':']).map_or("", |at| &word[..=at]);
    let behind = if word.ends_with([' ', ',']) { &word[word.len() - 1..] } else { "" };
    format!("{key}{ANY}{behind}")
}
