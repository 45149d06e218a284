// Prints what docs/events.md says of the formats of SIEMs, as the tables in the code have it: events_test.py holds the
// page against it, or writes it there.

#include <iostream>

#include "adapters/siem/mapping.h"
#include "domain/event_catalogue.h"

namespace {

using namespace countersign;

std::string listed(const std::array<std::string_view, 2>& words) {
  std::string out(words[0]);
  if (!words[1].empty()) out.append(", ").append(words[1]);
  return out;
}

}  // namespace

int main() {
  std::cout << "| type | OCSF class, activity | `type_uid` | ECS category | ECS type | name in CEF, `message` |\n"
               "|---|---|---|---|---|---|\n";
  for (const auto& name : domain::event_catalogue()) {
    const auto& row = siem::mapping_of(name.type);
    std::cout << "| `" << name.name << "` | " << siem::class_name(row.ocsf_class).name << ", " << row.ocsf_activity_name
              << " | " << siem::type_uid(row) << " | " << listed(row.ecs_category) << " | " << listed(row.ecs_type)
              << " | " << row.title << " |\n";
  }
  std::cout << "\n| severity | OCSF `severity_id` | CEF, LEEF `sev`, ECS `event.severity` |\n|---|---|---|\n";
  for (const auto* severity : {"informational", "low", "medium", "high", "critical"}) {
    const auto& level = siem::severity_level(severity);
    std::cout << "| " << severity << " | " << level.ocsf << ' ' << level.ocsf_name << " | " << level.of_ten << " |\n";
  }
  std::cout << "\nMapping version " << siem::mapping_version << ", for OCSF " << siem::ocsf_version << " and ECS "
            << siem::ecs_version << ".\n";
}
