namespace GrpcServing.Simulator;

/// <summary>What the user gave cannot be used; the message says what, where, and what is expected. Ends the program with code 2.</summary>
internal sealed class InputException(string message) : Exception(message);
