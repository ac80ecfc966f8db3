//! How loaded replicas are, kept so that balancers need not look at each.

use std::ops::Range;

use super::tournament::Tournament;

/// How loaded a replica is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Requests sent to it and not finished.
    pub outstanding: u32,
    /// Tokens in an engine's memory, and those of requests that wait for it or are on their
    /// way; of other servers, tokens of the prompts of those requests.
    pub kv_tokens: u64,
    /// The share of the prompt at hand that its prefix cache has.
    pub matched: f32,
}

/// What a balancer looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// [`Load::kv_tokens`].
    pub kv_tokens: bool,
    /// [`Load::matched`].
    pub matched: bool,
    /// Blocks at the beginning of a prompt by which it is sent.
    pub affinity_blocks: Option<u32>,
    /// The order in which replicas are loaded.
    pub order: Option<Order>,
    /// Nothing of all replicas together: of those that have room for a prompt it asks for
    /// the next after another, and no list of them need be made.
    pub only_next: bool,
}

/// An order in which the least replica can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By [`Load::outstanding`].
    Outstanding,
    /// By [`Load::kv_tokens`].
    KvTokens,
}

/// The loads of all replicas, and which of them may be chosen. Replicas may have two
/// sides, which are chosen from apart.
#[derive(Clone, Debug)]
pub struct Loads {
    outstanding: Vec<u32>,
    kv_tokens: Vec<u64>,
    matched: Vec<f32>,
    /// Those with something in `matched`.
    with_prefix: Vec<u32>,
    /// By what replicas with more room are less.
    room: Vec<u64>,
    available: Vec<bool>,
    /// The first replica of the second side.
    split: u32,
    /// Of all replicas.
    all_outstanding: u64,
    /// Of the available replicas of each side.
    side_outstanding: [u64; 2],
    order: Option<(Order, Tournament)>,
    by_room: Option<Tournament>,
}

impl Loads {
    /// Idle replicas that may not be chosen yet, those from `split` on being the second
    /// side. `room` says whether it matters for whom they have room.
    pub fn new(replicas: u32, split: u32, needs: Needs, room: bool) -> Self {
        let all = replicas as usize;
        Loads {
            outstanding: vec![0; all],
            kv_tokens: vec![0; all],
            matched: vec![0.0; all],
            with_prefix: Vec::new(),
            room: vec![Tournament::AWAY; all],
            available: vec![false; all],
            split,
            all_outstanding: 0,
            side_outstanding: [0; 2],
            order: needs.order.map(|order| (order, Tournament::new(replicas))),
            by_room: room.then(|| Tournament::new(replicas)),
        }
    }

    /// A replica's load.
    #[inline]
    pub fn get(&self, replica: u32) -> Load {
        let index = replica as usize;
        Load {
            outstanding: self.outstanding[index],
            kv_tokens: self.kv_tokens[index],
            matched: self.matched[index],
        }
    }

    /// Requests under way at a replica.
    #[inline]
    pub fn outstanding(&self, replica: u32) -> u32 {
        self.outstanding[replica as usize]
    }

    /// The loads of neighbours.
    pub fn span(&self, span: Range<usize>) -> impl Iterator<Item = Load> + Clone {
        let outstanding = self.outstanding[span.clone()].iter();
        let kv_tokens = self.kv_tokens[span.clone()].iter();
        let matched = self.matched[span].iter();
        outstanding.zip(kv_tokens).zip(matched).map(|((outstanding, kv_tokens), matched)| Load {
            outstanding: *outstanding,
            kv_tokens: *kv_tokens,
            matched: *matched,
        })
    }

    /// Requests under way at all replicas.
    pub const fn all_outstanding(&self) -> u64 {
        self.all_outstanding
    }

    /// Whether a replica may be chosen.
    #[inline]
    pub fn is_available(&self, replica: u32) -> bool {
        self.available[replica as usize]
    }

    /// The replicas of a side.
    pub fn side(&self, side: usize) -> Range<u32> {
        if side == 0 { 0..self.split } else { self.split..self.available.len() as u32 }
    }

    /// Requests under way at the available replicas of a side.
    pub const fn side_outstanding(&self, side: usize) -> u64 {
        self.side_outstanding[side]
    }

    /// By what replicas are in an order.
    #[inline]
    pub fn key(&self, order: Order, replica: u32) -> u64 {
        match order {
            Order::Outstanding => u64::from(self.outstanding[replica as usize]),
            Order::KvTokens => self.kv_tokens[replica as usize],
        }
    }

    /// The available replicas in an order, if it is kept.
    #[inline]
    pub fn in_order(&self, order: Order) -> Option<&Tournament> {
        self.order.as_ref().filter(|(kept, _)| *kept == order).map(|(_, tournament)| tournament)
    }

    /// The available replicas by room, if that is kept: those that have it for a prompt of
    /// `tokens` are at most [`room_for`] it.
    pub fn by_room(&self) -> Option<&Tournament> {
        self.by_room.as_ref()
    }

    fn side_of(&self, replica: u32) -> usize {
        usize::from(replica >= self.split)
    }

    /// A replica may be chosen from now on, or may not.
    pub fn set_available(&mut self, replica: u32, available: bool) {
        let index = replica as usize;
        if std::mem::replace(&mut self.available[index], available) == available {
            return;
        }
        let side = self.side_of(replica);
        let outstanding = u64::from(self.outstanding[index]);
        if available {
            self.side_outstanding[side] += outstanding;
        } else {
            self.side_outstanding[side] -= outstanding;
        }
        self.reorder(replica);
        if let Some(tournament) = &mut self.by_room {
            tournament.set(replica, if available { self.room[index] } else { Tournament::AWAY });
        }
    }

    /// A request comes to a replica.
    pub fn join(&mut self, replica: u32) {
        self.outstanding[replica as usize] += 1;
        self.all_outstanding += 1;
        if self.available[replica as usize] {
            self.side_outstanding[self.side_of(replica)] += 1;
        }
        self.moved(replica, Order::Outstanding);
    }

    /// A request leaves a replica.
    pub fn leave(&mut self, replica: u32) {
        debug_assert!(self.outstanding[replica as usize] > 0, "only who came can leave");
        self.outstanding[replica as usize] -= 1;
        self.all_outstanding -= 1;
        if self.available[replica as usize] {
            self.side_outstanding[self.side_of(replica)] -= 1;
        }
        self.moved(replica, Order::Outstanding);
    }

    /// A replica has so many tokens in memory or before it.
    pub fn set_kv_tokens(&mut self, replica: u32, tokens: u64) {
        if std::mem::replace(&mut self.kv_tokens[replica as usize], tokens) != tokens {
            self.moved(replica, Order::KvTokens);
        }
    }

    /// A replica could begin at once with a prompt of so many tokens, or with none.
    pub fn set_room(&mut self, replica: u32, tokens: Option<u64>) {
        let key = tokens.map_or(Tournament::AWAY, room_for);
        self.room[replica as usize] = key;
        if let Some(tournament) = &mut self.by_room
            && self.available[replica as usize]
        {
            tournament.set(replica, key);
        }
    }

    /// No replica has anything of the prompt at hand.
    pub fn clear_matched(&mut self) {
        for replica in self.with_prefix.drain(..) {
            self.matched[replica as usize] = 0.0;
        }
    }

    /// A replica, of which that was not said since they were cleared, has a share of the
    /// prompt at hand.
    pub fn set_matched(&mut self, replica: u32, share: f32) {
        if share > 0.0 {
            self.matched[replica as usize] = share;
            self.with_prefix.push(replica);
        }
    }

    fn moved(&mut self, replica: u32, order: Order) {
        if self.order.as_ref().is_some_and(|(kept, _)| *kept == order)
            && self.available[replica as usize]
        {
            self.reorder(replica);
        }
    }

    fn reorder(&mut self, replica: u32) {
        let Some((order, _)) = self.order else { return };
        let available = self.available[replica as usize];
        let key = if available { self.key(order, replica) } else { Tournament::AWAY };
        if let Some((_, tournament)) = &mut self.order {
            tournament.set(replica, key);
        }
    }
}

/// What stands for room for a prompt of `tokens`: the more, the less.
#[inline]
pub const fn room_for(tokens: u64) -> u64 {
    (Tournament::AWAY - 1).saturating_sub(tokens)
}
