//! What experiments say of themselves: intervals, designs, comparisons.
