//! Controlled rounding of a two-way table: rows are strata, columns are agents, and the exact share of a cell is
//! column total × row total / all. Every cell is rounded up or down, and rows and columns keep their sums. That is
//! always possible, because the exact shares are a flow and flows have whole-numbered neighbours.
//!
//! Rows are rounded one after another, each giving its odd leads to the columns furthest behind their share of all
//! rows so far. So the sums of the first rows are even too, which is what keeps hot and cold leads mixed. In rare
//! cases a column ends one off; alternating paths set that right.

/// For every row its cells above zero: (column, leads).
pub(crate) struct Table {
    starts: Vec<usize>,
    cells: Vec<(u32, u32)>,
}

impl Table {
    pub fn row(&self, row: usize) -> &[(u32, u32)] {
        &self.cells[self.starts[row]..self.starts[row + 1]]
    }
}

/// Rounds the table with these row and column sums; both must add up to the same.
pub(crate) fn round(rows: &[u32], columns: &[u32]) -> Table {
    let all: u64 = rows.iter().map(|&row| u64::from(row)).sum();
    let mut rounding = Rounding {
        rows,
        columns,
        all: all.max(1),
        lacking: columns.to_vec(),
        missing: vec![0; rows.len()],
        odd: vec![Vec::new(); rows.len()],
    };
    rounding.floors();
    rounding.odd_leads();
    rounding.repair();
    rounding.table()
}

struct Rounding<'a> {
    rows: &'a [u32],
    columns: &'a [u32],
    all: u64,
    /// What each column still lacks to its sum, and each row.
    lacking: Vec<u32>,
    missing: Vec<u32>,
    /// The columns that are rounded up in each row, ascending.
    odd: Vec<Vec<u32>>,
}

impl Rounding<'_> {
    fn exact(&self, row: usize, column: usize) -> (u32, bool) {
        let product = u64::from(self.rows[row]) * u64::from(self.columns[column]);
        // Thirty-two bits divide in half the time, and mostly suffice.
        if product >> 32 == 0 && self.all >> 32 == 0 {
            let (product, all) = (product as u32, self.all as u32);
            return (product / all, !product.is_multiple_of(all));
        }
        ((product / self.all) as u32, !product.is_multiple_of(self.all))
    }

    fn floors(&mut self) {
        for row in 0..self.rows.len() {
            let mut given = 0;
            for column in 0..self.columns.len() {
                let floor = self.exact(row, column).0;
                self.lacking[column] -= floor;
                given += floor;
            }
            self.missing[row] = self.rows[row] - given;
        }
    }

    fn odd_leads(&mut self) {
        // How far each column is behind, in parts of `all`.
        let mut behind = vec![0i128; self.columns.len()];
        let mut candidates: Vec<(i128, u32)> = Vec::with_capacity(self.columns.len());
        for row in 0..self.rows.len() {
            candidates.clear();
            for (column, behind) in behind.iter_mut().enumerate() {
                let (floor, odd) = self.exact(row, column);
                let share = u64::from(self.rows[row]) * u64::from(self.columns[column]);
                *behind += i128::from(share) - i128::from(self.all * u64::from(floor));
                if odd && self.lacking[column] > 0 {
                    candidates.push((-*behind, column as u32));
                }
            }
            let take = (self.missing[row] as usize).min(candidates.len());
            if take == 0 {
                continue;
            }
            if take < candidates.len() {
                candidates.select_nth_unstable(take - 1);
            }
            for &(_, column) in &candidates[..take] {
                behind[column as usize] -= i128::from(self.all);
                self.lacking[column as usize] -= 1;
                self.odd[row].push(column);
            }
            self.missing[row] -= take as u32;
            self.odd[row].sort_unstable();
        }
    }

    /// A row that still misses a lead finds a column that lacks one, other rows passing theirs on.
    fn repair(&mut self) {
        for row in 0..self.rows.len() {
            while self.missing[row] > 0 && self.pass_on(row) {
                self.missing[row] -= 1;
            }
        }
    }

    fn pass_on(&mut self, from: usize) -> bool {
        let mut row_of = vec![usize::MAX; self.columns.len()];
        let mut column_of = vec![usize::MAX; self.rows.len()];
        let mut queue = vec![from];
        let mut next = 0;
        while let Some(&row) = queue.get(next) {
            next += 1;
            for column in 0..self.columns.len() {
                let free = row_of[column] == usize::MAX
                    && self.exact(row, column).1
                    && self.odd[row].binary_search(&(column as u32)).is_err();
                if !free {
                    continue;
                }
                row_of[column] = row;
                if self.lacking[column] > 0 {
                    self.lacking[column] -= 1;
                    self.turn_over(from, column, &row_of, &column_of);
                    return true;
                }
                for (other, by) in column_of.iter_mut().enumerate() {
                    let passes = *by == usize::MAX
                        && other != from
                        && self.odd[other].binary_search(&(column as u32)).is_ok();
                    if passes {
                        *by = column;
                        queue.push(other);
                    }
                }
            }
        }
        false
    }

    /// Rounds up what was down along the path, and down what was up.
    fn turn_over(&mut self, from: usize, end: usize, row_of: &[usize], column_of: &[usize]) {
        let mut column = end;
        loop {
            let row = row_of[column];
            if let Err(at) = self.odd[row].binary_search(&(column as u32)) {
                self.odd[row].insert(at, column as u32);
            }
            if row == from {
                return;
            }
            column = column_of[row];
            if let Ok(at) = self.odd[row].binary_search(&(column as u32)) {
                self.odd[row].remove(at);
            }
        }
    }

    fn table(&self) -> Table {
        let mut table = Table { starts: vec![0], cells: Vec::new() };
        for row in 0..self.rows.len() {
            let mut odd = self.odd[row].iter().copied().peekable();
            for column in 0..self.columns.len() as u32 {
                let up = odd.next_if_eq(&column).is_some();
                let leads = self.exact(row, column as usize).0 + u32::from(up);
                if leads > 0 {
                    table.cells.push((column, leads));
                }
            }
            table.starts.push(table.cells.len());
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table of these sums is within less than one of the exact shares, and adds up.
    fn check(rows: &[u32], columns: &[u32]) {
        let table = round(rows, columns);
        let all: u32 = rows.iter().sum();
        let mut sums = vec![0; columns.len()];
        for (r, &row) in rows.iter().enumerate() {
            let mut cells = vec![0; columns.len()];
            for &(column, leads) in table.row(r) {
                cells[column as usize] = leads;
                sums[column as usize] += leads;
            }
            assert_eq!(cells.iter().sum::<u32>(), row, "{rows:?} {columns:?}");
            for (c, &leads) in cells.iter().enumerate() {
                let off = i64::from(leads) * i64::from(all) - i64::from(row) * i64::from(columns[c]);
                assert!(off.abs() < i64::from(all), "{rows:?} {columns:?} cell {r} {c} has {leads}");
            }
        }
        assert_eq!(sums, columns);
    }

    #[test]
    fn cells_are_within_one_and_sums_hold() {
        check(&[5, 3, 2], &[4, 4, 2]);
        check(&[1, 1, 1, 1], &[2, 2]);
        check(&[250, 250, 250, 250], &[4; 250]);
        check(&[7], &[3, 4]);
        check(&[], &[]);
        let mut seed = 7u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..3000 {
            let rows: Vec<u32> = (0..=next(8)).map(|_| 1 + next(12) as u32).collect();
            let mut columns = vec![0u32; 1 + next(9) as usize];
            for _ in 0..rows.iter().sum::<u32>() {
                let at = next(columns.len() as u64) as usize;
                columns[at.min(next(9) as usize)] += 1;
            }
            check(&rows, &columns);
        }
    }
}
