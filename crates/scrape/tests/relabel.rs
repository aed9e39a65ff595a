//! Relabelling, as a table.
#![allow(clippy::unwrap_used)]

use luneta_scrape::config::raw::RawRelabel;
use luneta_scrape::relabel::{Labels, Rules};

fn labels(text: &str) -> Labels {
    let pairs = text.split(' ').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Rules, labels before, and labels after; `dropped` for none.
#[test]
fn rules() {
    let cases = [
        ("[]", "a=1", "a=1"),
        // replace
        ("[{source_labels: [a], target_label: b}]", "a=1", "a=1 b=1"),
        ("[{source_labels: [a, c], target_label: b}]", "a=1 c=2", "a=1 b=1;2 c=2"),
        ("[{source_labels: [a, c], separator: '', target_label: b}]", "a=1", "a=1 b=1"),
        ("[{source_labels: [a], regex: 'x(.*)', target_label: b, replacement: '$1-${1}'}]", "a=xy", "a=xy b=y-y"),
        ("[{source_labels: [a], regex: 'x', target_label: b}]", "a=xy", "a=xy"),
        ("[{source_labels: [a], regex: '(?P<n>.)y', target_label: b, replacement: '$n'}]", "a=xy", "a=xy b=x"),
        ("[{source_labels: [a], regex: 'x(.)', target_label: '${1}', replacement: v}]", "a=xy", "a=xy y=v"),
        ("[{source_labels: [a], regex: 'x(.)?', target_label: '${1}', replacement: v}]", "a=x", "a=x"),
        ("[{target_label: b, replacement: ''}]", "a=1 b=2", "a=1"),
        ("[{source_labels: [none], target_label: b}]", "b=2", ""),
        ("[{source_labels: [none], regex: '(.+)', target_label: b}]", "b=2", "b=2"),
        ("[{target_label: b, replacement: 7}]", "", "b=7"),
        ("[{source_labels: [a], regex: 'x|y', target_label: b, replacement: z}]", "a=xy", "a=xy"),
        ("[{source_labels: [a], regex: '.*', target_label: b, replacement: z}]", "a=x\ny", "a=x\ny b=z"),
        ("[{source_labels: [a], target_label: b, replacement: '$2'}]", "a=1 b=2", "a=1"),
        ("[{source_labels: [a], target_label: b, action: Replace}]", "a=1", "a=1 b=1"),
        // keep and drop
        ("[{source_labels: [a], regex: '1', action: keep}]", "a=1", "a=1"),
        ("[{source_labels: [a], regex: '1', action: keep}]", "a=12", "dropped"),
        ("[{source_labels: [a], regex: '1', action: drop}]", "a=1", "dropped"),
        ("[{source_labels: [a], regex: '1', action: drop}]", "a=12", "a=12"),
        ("[{source_labels: [none], regex: '', action: drop}]", "a=1", "dropped"),
        // keepequal and dropequal
        ("[{source_labels: [a], target_label: b, action: keepequal}]", "a=1 b=1", "a=1 b=1"),
        ("[{source_labels: [a], target_label: b, action: keepequal}]", "a=1 b=2", "dropped"),
        ("[{source_labels: [a], target_label: b, action: dropequal}]", "a=1 b=1", "dropped"),
        ("[{source_labels: [a], target_label: b, action: dropequal}]", "a=1", "a=1"),
        // hashmod
        ("[{source_labels: [a], target_label: b, modulus: 1000, action: hashmod}]", "a=foo", "a=foo b=696"),
        ("[{source_labels: [a], target_label: b, modulus: 1, action: hashmod}]", "", "b=0"),
        // labelmap, labeldrop and labelkeep
        ("[{regex: 'meta_(.*)', action: labelmap}]", "meta_x=1 y=2", "meta_x=1 x=1 y=2"),
        ("[{regex: 'meta_(.*)', replacement: 'm_$1', action: labelmap}]", "meta_x=1", "m_x=1 meta_x=1"),
        ("[{regex: 'm.*', action: labeldrop}]", "ma=1 b=2", "b=2"),
        ("[{regex: 'm.*', action: labelkeep}]", "ma=1 b=2", "ma=1"),
        // case
        ("[{source_labels: [a], target_label: b, action: lowercase}]", "a=ÄB", "a=ÄB b=äb"),
        ("[{source_labels: [a], target_label: a, action: uppercase}]", "a=äb", "a=ÄB"),
        // one after the other
        ("[{target_label: b, replacement: x}, {source_labels: [b], regex: x, action: drop}]", "", "dropped"),
        ("[{source_labels: [a], regex: z, action: keep}, {target_label: b, replacement: x}]", "a=1", "dropped"),
    ];
    for (yaml, before, after) in cases {
        let raw: Vec<RawRelabel> = serde_yaml_ng::from_str(yaml).unwrap();
        let mut got = labels(before);
        let kept = Rules::new(&raw, false).unwrap().apply(&mut got);
        if after == "dropped" {
            assert!(!kept, "{yaml} of {before}");
        } else {
            assert!(kept, "{yaml} of {before}");
            assert_eq!(got, labels(after), "{yaml} of {before}");
        }
    }
}
