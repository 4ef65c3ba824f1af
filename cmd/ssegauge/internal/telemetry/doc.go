// Package telemetry says which figures of a run monitoring systems get, under
// which names. How they get them is the matter of its subpackages.
package telemetry
