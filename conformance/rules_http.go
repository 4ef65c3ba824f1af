package conformance

import "slices"

// httpChecks are about the head of the response, and about what is answered to
// other requests than an EventSource's.
var httpChecks = slices.Concat(httpHeadChecks, httpCodingChecks, httpRequestChecks, httpErrorChecks)
