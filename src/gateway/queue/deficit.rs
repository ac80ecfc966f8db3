//! Deficit round robin: M. Shreedhar, G. Varghese: Efficient fair queueing using deficit
//! round robin. SIGCOMM 1995.

use std::collections::VecDeque;

use super::Waiting;

/// Flows that take turns.
#[derive(Clone, Debug)]
pub(super) struct DeficitRoundRobin {
    flows: Vec<Flow>,
    /// Those that have anybody waiting, the one whose turn it is first.
    active: VecDeque<u32>,
    /// Whether that one has had this turn's tokens.
    granted: bool,
}

#[derive(Clone, Debug)]
struct Flow {
    /// Tokens for each turn.
    quantum: u64,
    /// Tokens that are left of its turns.
    deficit: u64,
    waiting: VecDeque<(Waiting, u64)>,
    is_active: bool,
}

impl DeficitRoundRobin {
    /// Nobody waits. By flow: its tokens for each turn, at least 1.
    pub fn new(quanta: impl Iterator<Item = u64>) -> Self {
        let flow = |quantum: u64| Flow {
            quantum: quantum.max(1),
            deficit: 0,
            waiting: VecDeque::new(),
            is_active: false,
        };
        DeficitRoundRobin {
            flows: quanta.map(flow).collect(),
            active: VecDeque::new(),
            granted: false,
        }
    }

    /// A request of so many tokens comes.
    pub fn push(&mut self, waiting: Waiting, tokens: u64) {
        let flow = &mut self.flows[waiting.flow as usize];
        flow.waiting.push_back((waiting, tokens));
        if !flow.is_active {
            flow.is_active = true;
            self.active.push_back(waiting.flow);
        }
    }

    /// Takes out a request that waits no longer.
    pub fn remove(&mut self, waiting: Waiting) {
        let queue = &mut self.flows[waiting.flow as usize].waiting;
        if let Ok(place) = queue.binary_search_by_key(&waiting.number, |(it, _)| it.number) {
            queue.remove(place);
        }
    }

    /// Takes out the next request.
    pub fn pop(&mut self) -> Option<Waiting> {
        let mut passed = 0;
        loop {
            let of = *self.active.front()?;
            let flow = &mut self.flows[of as usize];
            let Some(&(waiting, tokens)) = flow.waiting.front() else {
                self.retire(of);
                continue;
            };
            if !self.granted {
                flow.deficit += flow.quantum;
                self.granted = true;
            }
            if tokens <= flow.deficit {
                flow.deficit -= tokens;
                flow.waiting.pop_front();
                if flow.waiting.is_empty() {
                    self.retire(of);
                }
                return Some(waiting);
            }
            self.active.rotate_left(1);
            self.granted = false;
            passed += 1;
            if passed >= self.active.len() {
                self.skip_rounds();
                passed = 0;
            }
        }
    }

    /// A flow has nobody waiting any more: it has no claim on what is left of its turn.
    fn retire(&mut self, of: u32) {
        let flow = &mut self.flows[of as usize];
        flow.deficit = 0;
        flow.is_active = false;
        self.active.pop_front();
        self.granted = false;
    }

    /// Nobody was served in a whole round: the rounds until somebody is, but the last, are
    /// had at once, so that the work does not grow with tokens.
    fn skip_rounds(&mut self) {
        let missing = |flow: &Flow| {
            let (_, tokens) = flow.waiting.front()?;
            Some(tokens.saturating_sub(flow.deficit).div_ceil(flow.quantum))
        };
        let flows = self.active.iter().map(|of| &self.flows[*of as usize]);
        let rounds = flows.filter_map(missing).min().unwrap_or(1).saturating_sub(1);
        for of in &self.active {
            let flow = &mut self.flows[*of as usize];
            flow.deficit += rounds * flow.quantum;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nobody() -> Waiting {
        Waiting { urgency: 0, number: 0, flow: 0, slot: 0 }
    }

    fn drr(quanta: &[u64], coming: &[(u32, u64)]) -> DeficitRoundRobin {
        let mut turns = DeficitRoundRobin::new(quanta.iter().copied());
        for (number, (flow, tokens)) in (0..).zip(coming) {
            turns.push(Waiting { flow: *flow, number, ..nobody() }, *tokens);
        }
        turns
    }

    fn order(turns: &mut DeficitRoundRobin) -> Vec<u64> {
        std::iter::from_fn(|| turns.pop()).map(|waiting| waiting.number).collect()
    }

    #[test]
    fn the_paper_s_example_is_served_in_its_order() {
        // Figures 2 and 3 of the paper: a quantum of 500, packets of 200, 750 and 20 in the
        // first flow, 500 and 500 in the second, 200, 600, 100 in the third, 50, 700 and 180
        // in the fourth. Round 1 sends 200; 500; 200; 50. Round 2: 750 of flow 1 (deficit 300
        // + 500) and 20; 500; 600 and 100; 700 and 180.
        let coming = [
            (0, 200),
            (0, 750),
            (0, 20),
            (1, 500),
            (1, 500),
            (2, 200),
            (2, 600),
            (2, 100),
            (3, 50),
            (3, 700),
            (3, 180),
        ];
        let mut turns = drr(&[500; 4], &coming);
        assert_eq!(order(&mut turns), [0, 3, 5, 8, 1, 2, 4, 6, 7, 9, 10]);
    }

    #[test]
    fn tokens_served_are_as_the_weights_whatever_the_sizes() {
        // Both flows always have somebody waiting; requests of one are ten times as long.
        let coming: Vec<(u32, u64)> =
            (0..4000).map(|number| if number % 11 == 0 { (0, 1000) } else { (1, 100) }).collect();
        let mut turns = drr(&[300, 100], &coming);
        let mut served = [0, 0];
        for _ in 0..1000 {
            let waiting = turns.pop().unwrap();
            served[waiting.flow as usize] += coming[waiting.number as usize].1;
        }
        let ratio = served[0] as f64 / served[1] as f64;
        assert!((ratio - 3.0).abs() < 0.05, "{served:?}");
    }

    #[test]
    fn rounds_in_which_nobody_is_served_are_had_at_once_and_change_no_order() {
        let coming = [(0, 1_000_000_000), (1, 2_000_000_001), (0, 1), (2, 999_999_999)];
        // By rounds of 1 token: flow 2 has its 999,999,999 first.
        assert_eq!(order(&mut drr(&[1, 1, 1], &coming)), [3, 0, 2, 1]);
        assert_eq!(order(&mut drr(&[1, 3, 1], &coming)), [1, 3, 0, 2]);
    }

    #[test]
    fn who_leaves_is_not_served_and_leaves_no_gap() {
        let mut turns = drr(&[100, 100], &[(0, 50), (0, 60), (1, 10), (0, 70)]);
        turns.remove(Waiting { flow: 0, number: 0, ..nobody() });
        turns.remove(Waiting { flow: 1, number: 2, ..nobody() });
        assert_eq!(order(&mut turns), [1, 3]);
        turns.push(Waiting { flow: 1, number: 9, ..nobody() }, 10);
        assert_eq!(order(&mut turns), [9]);
        assert_eq!(turns.pop(), None);
    }
}
