#pragma once
// How EventSearch counts by field: segment after segment is added, and the counts are taken at the end. Internal to
// EventSearch.

#include <boost/unordered/unordered_flat_map.hpp>

#include "adapters/queries/event_search.h"

namespace countersign::queries {

class EventSearch::Counting {
 public:
  Counting(const EventSearch& search, const std::vector<const Attribute*>& fields);
  void add(const Part& part);
  /// What was counted elsewhere.
  void add(const Counting& other);
  Counts take();

 private:
  struct Field {
    const Attribute* attribute = nullptr;
    std::array<std::uint64_t, 256> few{};
    std::vector<std::uint32_t> by_number;  ///< of a field whose values are numbered; of fewer than 2^32 events
    boost::unordered_flat_map<projections::IndexValue, std::uint64_t, projections::IndexValueHash> by_value;
  };
  void add_known(const Part& part);
  void walk_few(Field& field, const Part& part, bool others);
  void walk_many(Field& field, const Part& part, bool others);
  std::uint32_t* counters(Field& field) const;
  void add_numbers(Field& field, const Part& part, const std::vector<std::uint32_t>& counts, bool sparse);

  const EventSearch* search_;
  std::vector<Field> fields_;
  std::vector<std::uint16_t> places_;  ///< of the events that are walked, in their segment
  std::uint64_t total_ = 0;
};

}  // namespace countersign::queries
