//! What the operators of time are to do, by the book: from a script to what comes out and when, in
//! milliseconds. What comes exactly at a deadline comes after it.

use crate::script::Script;

/// When something comes out, and what.
pub type Out<T> = Vec<(u64, T)>;

pub fn batches(script: &Script, size: usize, within: u64) -> Out<Vec<u32>> {
    let mut out = Vec::new();
    let mut batch: Option<(u64, Vec<u32>)> = None;
    for &(at, item) in &script.events {
        out.extend(batch.take_if(|(due, _)| *due <= at));
        batch.get_or_insert((at + within, Vec::new())).1.push(item);
        out.extend(batch.take_if(|(_, items)| items.len() == size).map(|(_, items)| (at, items)));
    }
    out.extend(batch.map(|(due, items)| (due.min(script.end), items)));
    out
}

/// Windows as their start, end and items.
pub type Window = (u64, u64, Vec<u32>);

pub fn windows(script: &Script, length: u64, step: u64) -> Out<Window> {
    let mut out = Vec::new();
    let mut seen = 0;
    for start in (0..).map(|number| number * step) {
        let end = (start + length).min(script.end);
        let is_tail = start + length > script.end;
        let within = |at: u64| start <= at && at < start + length;
        let items: Vec<u32> =
            script.events.iter().filter(|(at, _)| within(*at)).map(|(_, item)| *item).collect();
        let is_new = items.last().is_some_and(|last| *last >= seen);
        if !items.is_empty() && (!is_tail || is_new) {
            seen = items.last().map_or(seen, |last| last + 1);
            out.push((end, (start, end, items)));
        }
        if is_tail {
            return out;
        }
    }
    out
}

pub fn debounced(script: &Script, quiet: u64) -> Out<u32> {
    let next = script.events.iter().skip(1).map(|(at, _)| Some(*at)).chain([None]);
    let pairs = script.events.iter().zip(next);
    pairs
        .filter(|((at, _), next)| next.is_none_or(|next| next >= at + quiet))
        .map(|(&(at, item), _)| ((at + quiet).min(script.end), item))
        .collect()
}

pub fn throttled(script: &Script, period: u64) -> Out<u32> {
    let mut opens = 0;
    let events = script.events.iter().copied();
    events
        .filter(|(at, _)| {
            let is_open = *at >= opens;
            if is_open {
                opens = at + period;
            }
            is_open
        })
        .collect()
}

pub fn sampled(script: &Script, period: u64) -> Out<u32> {
    let periods = script.events.chunk_by(|(one, _), (two, _)| one / period == two / period);
    let last = periods.filter_map(|items| items.last());
    last.map(|&(at, item)| (((at / period + 1) * period).min(script.end), item)).collect()
}

/// None for one that is late. One that comes when its time is up is in time.
pub fn timeouts(script: &Script, limit: u64) -> Out<Option<u32>> {
    let mut out = Vec::new();
    let mut asked = 0;
    let ends = [(script.end, None)];
    for (at, item) in script.events.iter().map(|&(at, item)| (at, Some(item))).chain(ends) {
        while asked + limit < at {
            asked += limit;
            out.push((asked, None));
        }
        asked = at;
        out.extend(item.map(|item| (at, Some(item))));
    }
    out
}
