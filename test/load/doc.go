// Package load makes the notifications of a large cloud for tests, as many as wanted: captured ones with ids of their own. It publishes
// them, stands in for the cloud's Keystone, and counts at the backend which of them came.
package load
