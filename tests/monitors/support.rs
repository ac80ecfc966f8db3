//! What the monitors' tests share.

use windtunnel::stats::{Cell, Table};
use windtunnel::system::RunTables;

/// A request every second, each answered after 100 ms, with faults and monitors.
pub fn every_second(seconds: u64, faults: &str, rest: &str) -> String {
    let request = |second| format!("    - {{ at: {second}s, prompt: p{second}, max_tokens: 1 }}");
    let requests = (0..seconds).map(request).collect::<Vec<_>>().join("\n");
    format!(
        "
duration: {seconds}s
workload:
  requests:
{requests}
models:
  m:
    price: {{ per_token: $0.001 }}
    server: {{ tokens: {{ ttft: 100ms, tpot: 0s }}, concurrency: 4, {faults} }}
{rest}
"
    )
}

/// A cell as text.
pub fn text(table: &Table, row: usize, column: &str) -> String {
    table.rows[row][table.column(column).expect("a column")].to_string()
}

/// A cell as a number; NaN where it is empty.
pub fn number(table: &Table, row: usize, column: &str) -> f64 {
    text(table, row, column).parse().unwrap_or(f64::NAN)
}

/// Of each alert: its monitor, since when it was pending, when it fired and was resolved.
pub fn alerts(run: &RunTables) -> Vec<[String; 4]> {
    let columns = ["monitor", "pending_s", "fired_s", "resolved_s"];
    (0..run.alerts.rows.len()).map(|row| columns.map(|name| text(&run.alerts, row, name))).collect()
}

/// The sum of a column.
pub fn sum(table: &Table, column: &str) -> f64 {
    let at = table.column(column).expect("a column");
    let value = |cell: &Cell| cell.to_string().parse::<f64>().unwrap_or(0.0);
    table.rows.iter().map(|row| value(&row[at])).sum()
}
