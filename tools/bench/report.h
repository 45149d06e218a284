#pragma once
// What a run found out: one result per benchmark, printed as a table and written as JSON.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace countersign::bench {

struct Sides {
  double ours = 0, ceiling = 0;
  std::string unit;
};

struct Result {
  std::string name;
  double value = 0;
  std::string unit = "ratio";
  std::optional<double> goal, stretch;
  bool higher_is_better = true;
  std::optional<Sides> sides;
  bool reached() const { return !goal || (higher_is_better ? value >= *goal : value <= *goal); }
};

struct Skipped {
  std::string name, why;
};

struct Report {
  std::vector<Result> results;
  std::vector<Skipped> skipped, failed;
};

std::string table_of(const Report& report);
/// Throws std::runtime_error when the file can't be written.
void write_json(const Report& report, const std::filesystem::path& file);
std::string machine_text();

}  // namespace countersign::bench
