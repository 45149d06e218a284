#pragma once
// What a request wants to know about events: the parameters that lists, facets and histograms share, read and checked;
// and the search over the index that answers it.

#include "adapters/http/api/reads.h"
#include "adapters/queries/event_rendering.h"
#include "adapters/queries/event_search.h"
#include "adapters/queries/party_names.h"

namespace countersign::http {

struct EventQuestion {
  queries::EventFilter filter;
  queries::SearchRange range;
  std::string words;  ///< of `q`
  queries::AddressDigest digest_of;

  /// Throws Problem.
  static EventQuestion read(const Query& query, const Caller& caller, const keys::Lookup& lookup);

  /// A search that may take as long as one request may. `renderer` must see a state at least as new as the reading.
  queries::EventSearch search(const projections::EventIndex::Reading& reading, const projections::Views& views,
                              domain::AccountId account, queries::PartyNames& names,
                              queries::EventRenderer& renderer) const;
};

/// Throws Problem: a filter as the parameter holds it.
queries::EventFilter read_event_filter(std::string_view text, const keys::Lookup& lookup);
/// The same for who has no request: throws std::invalid_argument.
queries::EventFilter filter_of(std::string_view text, const keys::Lookup& lookup);
/// The account's events, by the index. Throws Problem, 503, when they could not be taken in within the time of a
/// request.
projections::EventIndex::Reading read_index(projections::EventIndex& index, domain::AccountId account);
/// 422: the search would have taken too long.
Problem search_too_costly();

}  // namespace countersign::http
