//! Strongly connected components of the references between operations (Tarjan's algorithm).

use std::collections::HashMap;

use super::{BulkMethod, BulkOperation, PREFIX, references};

/// For each operation, those that it refers to.
pub(super) fn dependencies(operations: &[BulkOperation]) -> Vec<Vec<usize>> {
    let created: HashMap<&str, usize> = operations
        .iter()
        .enumerate()
        .filter(|(_, operation)| operation.method == BulkMethod::Post)
        .filter_map(|(at, operation)| operation.bulk_id.as_deref().map(|bulk_id| (bulk_id, at)))
        .collect();
    let find = |bulk_id: &str| created.get(bulk_id).copied();
    let of = |operation: &BulkOperation| {
        let path = operation.id.as_deref().and_then(|id| id.strip_prefix(PREFIX));
        let data = operation.data.iter().flat_map(references);
        path.into_iter().chain(data).filter_map(find).collect()
    };
    operations.iter().map(of).collect()
}

/// A node that the search is inside of, and which of its edges comes next.
struct Visit {
    node: usize,
    edge: usize,
}

#[derive(Clone, Copy, Default)]
struct State {
    /// When the node was found, from 1; 0 before.
    found: usize,
    /// The earliest node that it reaches.
    low: usize,
    /// Whether its component is not complete yet.
    open: bool,
}

/// Components, each after those that it depends on. Keeps its own stack: a chain may be long.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = Search {
        edges,
        states: vec![State::default(); edges.len()],
        open: Vec::new(),
        clock: 0,
        done: Vec::new(),
    };
    for root in 0..edges.len() {
        search.from(root);
    }
    search.done
}

struct Search<'a> {
    edges: &'a [Vec<usize>],
    states: Vec<State>,
    open: Vec<usize>,
    clock: usize,
    done: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn from(&mut self, root: usize) {
        if self.state(root).found > 0 {
            return;
        }
        let mut path = vec![self.enter(root)];
        while let Some(visit) = path.last_mut() {
            let node = visit.node;
            let next = self.edges.get(node).and_then(|edges| edges.get(visit.edge)).copied();
            visit.edge += 1;
            match next {
                Some(next) if self.state(next).found == 0 => path.push(self.enter(next)),
                Some(next) if self.state(next).open => self.reach(node, self.state(next).found),
                Some(_) => {}
                None => {
                    path.pop();
                    self.leave(node);
                    if let Some(parent) = path.last() {
                        self.reach(parent.node, self.state(node).low);
                    }
                }
            }
        }
    }

    fn enter(&mut self, node: usize) -> Visit {
        self.clock += 1;
        if let Some(state) = self.states.get_mut(node) {
            *state = State { found: self.clock, low: self.clock, open: true };
        }
        self.open.push(node);
        Visit { node, edge: 0 }
    }

    /// Closes the component whose first node this is.
    fn leave(&mut self, node: usize) {
        if self.state(node).low != self.state(node).found {
            return;
        }
        let mut component = Vec::new();
        while let Some(member) = self.open.pop() {
            if let Some(state) = self.states.get_mut(member) {
                state.open = false;
            }
            component.push(member);
            if member == node {
                break;
            }
        }
        component.sort_unstable();
        self.done.push(component);
    }

    fn reach(&mut self, node: usize, low: usize) {
        if let Some(state) = self.states.get_mut(node) {
            state.low = state.low.min(low);
        }
    }

    fn state(&self, node: usize) -> State {
        self.states.get(node).copied().unwrap_or_default()
    }
}
