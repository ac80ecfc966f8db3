//! What waited for what, told by parents and times.
//!
//! A span waits for those beside it, of the same parent, that had ended when it began: for those
//! of them that no other of them waited for. The first within a parent wait for what the parent
//! waited for. A span that began after its parent had ended waits for that. What lies between the
//! last of these ends and its beginning was tools' work as far as spans of tools cover it, and
//! else a pause.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::kernel::Duration;

/// A recorded piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// Nanoseconds of any clock.
    pub begin: u64,
    pub end: u64,
    /// The span that it is part of, by its place.
    pub parent: Option<usize>,
    pub kind: SpanKind,
}

/// What a span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SpanKind {
    /// A call of a model.
    Call,
    /// A tool at work.
    Tool,
    /// Anything else, which only holds others together.
    Other,
}

/// What a call waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    /// The span that is the call.
    pub span: usize,
    /// The calls that it waited for, by their places in the list of causes.
    pub after: Vec<u32>,
    pub think: Duration,
    pub tools: Duration,
}

/// The calls among spans in the order of their beginnings, and what each waited for. Where there
/// is a call within the time of another and below it, the outer one is that call seen from
/// further away, and not counted.
///
/// # Errors
/// The place of a span that is part of itself, by way of others or not.
pub(super) fn causes(spans: &[Span]) -> Result<Vec<Cause>, usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut roots = Vec::new();
    for (place, span) in spans.iter().enumerate() {
        match span.parent {
            Some(parent) => children[parent].push(place),
            None => roots.push(place),
        }
    }
    let order = from_the_top(&roots, &children);
    if order.len() < spans.len() {
        let mut reached = vec![false; spans.len()];
        for place in &order {
            reached[*place] = true;
        }
        return Err(reached.iter().position(|it| !it).unwrap_or(0));
    }
    let mut ends: Vec<u64> = spans.iter().map(|span| span.end.max(span.begin)).collect();
    let mut is_call: Vec<bool> = spans.iter().map(|span| span.kind == SpanKind::Call).collect();
    let mut holds_call = is_call.clone();
    for place in order.iter().rev() {
        let Some(parent) = spans[*place].parent else { continue };
        ends[parent] = ends[parent].max(ends[*place]);
        holds_call[parent] |= holds_call[*place];
        if holds_call[*place] && spans[*place].begin < spans[parent].end {
            is_call[parent] = false;
        }
    }
    let mut tree = Tree {
        spans,
        is_call,
        ends,
        beside: vec![Vec::new(); spans.len()],
        is_waited_for: vec![false; spans.len()],
        is_passed: vec![false; spans.len()],
        waits: vec![Vec::new(); spans.len()],
        last: vec![Vec::new(); spans.len()],
    };
    tree.follow(&mut roots);
    for children in &mut children {
        tree.follow(children);
    }
    tree.walk(roots, &children);
    Ok(tree.causes())
}

/// All spans that roots lead to, parents before their children.
fn from_the_top(roots: &[usize], children: &[Vec<usize>]) -> Vec<usize> {
    let mut order: Vec<usize> = roots.to_vec();
    let mut next = 0;
    while next < order.len() {
        order.extend(&children[order[next]]);
        next += 1;
    }
    order
}

struct Tree<'s> {
    spans: &'s [Span],
    is_call: Vec<bool>,
    /// When a span and all below it had ended.
    ends: Vec<u64>,
    /// The spans beside it that it waited for.
    beside: Vec<Vec<usize>>,
    /// Whether one beside it waited for it.
    is_waited_for: Vec<bool>,
    /// Whether one beside it that waited for it had ended.
    is_passed: Vec<bool>,
    /// The calls that it waited for, and those that were the last of it.
    waits: Vec<Vec<usize>>,
    last: Vec<Vec<usize>>,
}

impl Tree<'_> {
    /// Finds which of some spans beside each other each of them waited for, and sorts them by
    /// their beginnings.
    fn follow(&mut self, siblings: &mut [usize]) {
        siblings.sort_by_key(|place| (self.spans[*place].begin, *place));
        let mut running: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        let mut frontier: Vec<usize> = Vec::new();
        for place in siblings.iter().copied() {
            let begin = self.spans[place].begin;
            while running.peek().is_some_and(|Reverse((end, _))| *end <= begin) {
                let Some(Reverse((_, ended))) = running.pop() else { break };
                // What it waited for is waited for by way of it.
                let mut any_is_new = false;
                for it in &self.beside[ended] {
                    any_is_new |= !std::mem::replace(&mut self.is_passed[*it], true);
                }
                if any_is_new {
                    frontier.retain(|it: &usize| !self.is_passed[*it]);
                }
                frontier.push(ended);
            }
            for it in &frontier {
                self.is_waited_for[*it] = true;
            }
            self.beside[place].clone_from(&frontier);
            running.push(Reverse((self.ends[place], place)));
        }
    }

    /// Goes through all spans as they began, those below each before the next beside it.
    fn walk(&mut self, mut roots: Vec<usize>, children: &[Vec<usize>]) {
        roots.reverse();
        let mut stack: Vec<(usize, bool)> = roots.into_iter().map(|it| (it, false)).collect();
        while let Some((place, is_done)) = stack.pop() {
            if is_done {
                self.last[place] = self.last_of(place, &children[place]);
            } else {
                self.waits[place] = self.waits_of(place);
                stack.push((place, true));
                stack.extend(children[place].iter().rev().map(|it| (*it, false)));
            }
        }
    }

    fn waits_of(&self, place: usize) -> Vec<usize> {
        let beside = &self.beside[place];
        if !beside.is_empty() {
            let mut calls: Vec<usize> =
                beside.iter().flat_map(|it| self.last[*it].iter().copied()).collect();
            calls.sort_unstable();
            calls.dedup();
            return calls;
        }
        match self.spans[place].parent {
            None => Vec::new(),
            Some(parent) if self.is_call[parent] => vec![parent],
            Some(parent) => self.waits[parent].clone(),
        }
    }

    /// What ends a span: the calls below it that no other there waited for; the call itself; or
    /// what it waited for, where there is no call.
    fn last_of(&self, place: usize, children: &[usize]) -> Vec<usize> {
        let ends = children.iter().filter(|it| !self.is_waited_for[**it]);
        let mut calls: Vec<usize> = ends.flat_map(|it| self.last[*it].iter().copied()).collect();
        calls.sort_unstable();
        calls.dedup();
        match (calls.is_empty(), self.is_call[place]) {
            (false, _) => calls,
            (true, true) => vec![place],
            (true, false) => self.waits[place].clone(),
        }
    }

    fn causes(&self) -> Vec<Cause> {
        let mut calls: Vec<usize> =
            (0..self.spans.len()).filter(|place| self.is_call[*place]).collect();
        calls.sort_by_key(|place| (self.spans[*place].begin, *place));
        let mut numbers = vec![0; self.spans.len()];
        (0..).zip(&calls).for_each(|(number, place)| numbers[*place] = number);
        let began = self.spans.iter().map(|span| span.begin).min().unwrap_or(0);
        let tools = Covered::by_tools(self.spans);
        let cause = |span: usize| {
            let waits = &self.waits[span];
            let from = waits.iter().map(|it| self.spans[*it].end).max().unwrap_or(began);
            let until = self.spans[span].begin;
            let of_tools = tools.within(from, until);
            Cause {
                span,
                after: waits.iter().map(|it| numbers[*it]).collect(),
                think: Duration(until.saturating_sub(from) - of_tools),
                tools: Duration(of_tools),
            }
        };
        calls.into_iter().map(cause).collect()
    }
}

/// Times that spans of tools cover: from, until, and how much all before them do.
struct Covered(Vec<(u64, u64, u64)>);

impl Covered {
    fn by_tools(spans: &[Span]) -> Self {
        let tools =
            spans.iter().filter(|span| span.kind == SpanKind::Tool && span.end > span.begin);
        let mut tools: Vec<(u64, u64)> = tools.map(|span| (span.begin, span.end)).collect();
        tools.sort_unstable();
        let mut covered: Vec<(u64, u64, u64)> = Vec::new();
        for (from, until) in tools {
            match covered.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(until),
                last => {
                    let before = last.map_or(0, |last| last.2 + (last.1 - last.0));
                    covered.push((from, until, before));
                }
            }
        }
        Covered(covered)
    }

    /// How much of the time up to `at` is covered.
    fn until(&self, at: u64) -> u64 {
        let next = self.0.partition_point(|(from, ..)| *from < at);
        let last = next.checked_sub(1).map(|last| self.0[last]);
        last.map_or(0, |(from, until, before)| before + (at.min(until) - from))
    }

    fn within(&self, from: u64, until: u64) -> u64 {
        if until <= from { 0 } else { self.until(until) - self.until(from) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(begin: u64, end: u64, parent: Option<usize>, kind: SpanKind) -> Span {
        Span { begin, end, parent, kind }
    }

    fn call(begin: u64, end: u64, parent: Option<usize>) -> Span {
        span(begin, end, parent, SpanKind::Call)
    }

    /// Span, what it waits for, pause and time of tools of each call.
    fn found(spans: &[Span]) -> Vec<(usize, Vec<u32>, u64, u64)> {
        let causes = causes(spans).unwrap();
        causes.into_iter().map(|it| (it.span, it.after, it.think.0, it.tools.0)).collect()
    }

    #[test]
    fn calls_wait_for_those_that_had_ended() {
        // One, then two at once, then one that waits for both.
        let all = [call(0, 20, None), call(25, 45, None), call(30, 50, None), call(60, 90, None)];
        assert_eq!(
            found(&all),
            [(0, vec![], 0, 0), (1, vec![0], 5, 0), (2, vec![0], 10, 0), (3, vec![1, 2], 10, 0)]
        );
    }

    #[test]
    fn parts_of_different_parents_do_not_wait_for_each_other() {
        // Two agents at work at once, each of two calls, under a workflow.
        let other = |begin, end| span(begin, end, Some(0), SpanKind::Other);
        let all = [
            span(0, 100, None, SpanKind::Other),
            other(10, 50),
            other(10, 60),
            call(10, 20, Some(1)),
            call(40, 50, Some(1)),
            call(10, 30, Some(2)),
            call(45, 60, Some(2)),
            call(70, 80, Some(0)),
        ];
        assert_eq!(
            found(&all),
            [
                (3, vec![], 10, 0),
                (5, vec![], 10, 0),
                (4, vec![0], 20, 0),
                (6, vec![1], 15, 0),
                (7, vec![2, 3], 10, 0)
            ]
        );
    }

    #[test]
    fn tools_are_told_from_pauses_and_wrappers_are_no_calls() {
        let all = [
            call(0, 10, None),
            span(12, 30, None, SpanKind::Tool),
            span(20, 34, None, SpanKind::Tool),
            // A framework's view of the call below it.
            call(40, 62, None),
            call(41, 60, Some(3)),
        ];
        assert_eq!(found(&all), [(0, vec![], 0, 0), (4, vec![0], 9, 22)]);
    }

    #[test]
    fn a_span_after_its_parents_end_waits_for_it() {
        let all = [call(4, 5, None), call(6, 8, Some(0)), call(9, 12, Some(1)), call(20, 21, None)];
        let after: Vec<Vec<u32>> = found(&all).into_iter().map(|it| it.1).collect();
        assert_eq!(after, [vec![], vec![0], vec![1], vec![2]]);
        let circle = [call(0, 1, Some(1)), call(0, 1, Some(0))];
        assert_eq!(causes(&circle), Err(0));
    }
}
