//! What follows from the steps of a flow being known.

use super::Flow;
use super::build::Builder;
use super::parts::{Body, Step};

impl Builder<'_> {
    /// What follows from the steps of a flow being known: who feeds whom, and how far
    /// it is to the end.
    pub(super) fn link(&mut self, flow: u32) {
        let Flow { first, count, .. } = self.ready.flows[flow as usize];
        let (first, count) = (first as usize, count as usize);
        let mut steps: Vec<Step> =
            self.made[first..first + count].iter_mut().filter_map(Option::take).collect();
        for index in 0..steps.len() {
            for need in steps[index].needs.clone() {
                steps[usize::from(need)].feeds.push(index as u16);
            }
        }
        let read: Vec<u16> = steps.iter().flat_map(|step| step.needs.iter().copied()).collect();
        for (step, index) in steps.iter_mut().zip(0..) {
            step.sink = !read.contains(&index);
        }
        let starters = steps.iter().zip(0..).filter(|(step, _)| step.needs.is_empty());
        self.ready.flows[flow as usize].starters = starters.map(|(_, index)| index).collect();
        let ranks = self.ranks(&steps);
        for (step, rank) in steps.iter_mut().zip(ranks) {
            step.once = self.once_ms(step);
            step.rank = rank;
        }
        for (place, step) in self.made[first..].iter_mut().zip(steps) {
            *place = Some(step);
        }
    }

    /// The upward rank of each step: its own time and the longest way after it. Recorded
    /// workflows may be long, hence no recursion.
    fn ranks(&self, steps: &[Step]) -> Vec<u32> {
        let mut waits: Vec<usize> = steps.iter().map(|step| step.feeds.len()).collect();
        let mut known: Vec<usize> = (0..steps.len()).filter(|step| waits[*step] == 0).collect();
        let mut ranks = vec![0_u32; steps.len()];
        while let Some(index) = known.pop() {
            let step = &steps[index];
            let after = step.feeds.iter().map(|it| ranks[usize::from(*it)]).max().unwrap_or(0);
            let own = self.once_ms(step).saturating_add(step.still_ms(self.once_ms(step), 0));
            ranks[index] = after.saturating_add(own);
            for need in step.needs.iter().map(|need| usize::from(*need)) {
                waits[need] -= 1;
                if waits[need] == 0 {
                    known.push(need);
                }
            }
        }
        ranks
    }

    /// About how long a step takes, in milliseconds. Models are not known here: 0.2 s
    /// and 20 ms a token stand for any of them.
    fn once_ms(&self, step: &Step) -> u32 {
        let once = match step.body {
            // How long a recorded job takes depends on which it is; nothing is ranked by it.
            Body::Nothing | Body::Recorded => 0.0,
            Body::Llm(llm) => {
                let output = self.calls.llms[llm as usize].output.as_ref();
                200.0 + 20.0 * output.map_or(200.0, |lengths| f64::from(lengths.pick(0.5)))
            }
            Body::Tool(tool) => self.calls.tools[tool as usize].latency.mean_s() * 1e3,
            Body::Flow(flow) => {
                let Flow { first, starters, .. } = &self.ready.flows[flow as usize];
                let rank = |it: &u16| {
                    let step = self.made[*first as usize + usize::from(*it)].as_ref();
                    step.map_or(0, |step| step.rank)
                };
                f64::from(starters.iter().map(rank).max().unwrap_or(0))
            }
        };
        once.min(f64::from(u32::MAX)) as u32
    }
}
