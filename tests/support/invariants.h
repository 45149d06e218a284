#pragma once
// What must hold of a ledger's rows whatever has happened: counts, look-ups that lead to what they promise, bounds,
// rows that read back as they were written. For property tests, by gtest's expectations.

#include "tests/support/ledger.h"

namespace countersign::testing {

void expect_invariants(const Ledger& ledger);
/// Folding the events again, into nothing, gives the same rows.
void expect_refold_equal(const Ledger& ledger);
/// Sequences are gapless in every account, and no code is used twice.
void expect_sound_history(const Ledger& ledger);

}  // namespace countersign::testing
