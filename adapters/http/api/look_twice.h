#pragma once
// Looking for what lives in its user's row, which takes two look-ups: where it is, and the row. Between them it may
// have left the row for a record of its own, and is found there by looking again. Who decides commands sees a state
// that doesn't change meanwhile, and needs no second look.

namespace countersign::http {

template <class Look>
auto look_twice(Look look) {
  auto found = look();
  return found ? found : look();
}

}  // namespace countersign::http
