#!/bin/sh
# Step "API key" for the command line. A deployment is named by its own name, not by its model's.
set -e
export AZURE_API_BASE="https://contoso-ai.openai.azure.com"
export AZURE_API_VERSION="2025-01-01-preview"

# The key as an argument: everybody on this machine can read it while the command runs.
holmes-host ask "what pods are failing?" --model "azure/gpt-41" --api-key "your-azure-api-key"

# Better: in the environment.
export AZURE_API_KEY="your-azure-api-key"
holmes-host ask "what pods are failing?" --model "azure/gpt-41"
