// Package audit is the domain: what an audit event is, in the words of its record. Everything else is built around it: decoding fills an
// [Event], names are filled in, a sentence is made of it, and one table joins its fields with the attributes of a log record, for writing
// and for reading back. It knows neither oslo.messaging, nor CADF's documents, nor how a record travels.
package audit
