// Prints events in one format for schemas_test.py, a line each: every type as it is, with nothing known, and written by
// somebody who means harm; then what is no event.
//
// Usage: print_siem_samples FORMAT

#include <iostream>

#include "adapters/siem/notice.h"
#include "tests/adapters/siem/samples.h"

int main(int count, char** arguments) {
  using namespace countersign::siem;
  const auto format = count == 2 ? parse_format(arguments[1]) : std::nullopt;
  if (!format) {
    std::cerr << "usage: print_siem_samples native|ocsf|ecs|cef|leef\n";
    return 2;
  }
  for (const auto& event : test::samples()) {
    std::cout << line_of(*format, event, "cursor") << '\n' << line_of(*format, test::bare(event)) << '\n';
    for (const auto& text : test::hostile_texts()) std::cout << line_of(*format, test::written_as(event, text)) << '\n';
  }
  const auto account = countersign::domain::system_account();
  for (const auto& notice : {checkpoint_notice(account, "origin\n7\nroot\n", 1'795'420'800'000),
                             test_notice(account, "evt_1", 1'795'420'800'000)})
    std::cout << line_of(*format, notice) << '\n';
}
